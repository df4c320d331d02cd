"""The console: the desk's page and the tools beside it, and the pages of accounts, audit log and supervision."""
