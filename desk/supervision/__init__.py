"""What supervisors look at: how long citizens wait now, and how the day went."""
