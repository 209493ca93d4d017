"""What `tools.reproduce` is made of: which runs to make, making them, and the tables of them."""
