"""The learning settings: a file each, which networks and which terms; and what they share."""
