"""Everything that enters or leaves: the WeChat bridge and the citizens' web chat. See `service.Gateway`."""
