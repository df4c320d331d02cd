"""The console's pages beside the desk's own: accounts, password, audit log, supervision."""
