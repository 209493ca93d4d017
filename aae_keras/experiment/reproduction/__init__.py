"""The rows of the results: what they are, what runs gave, what is kept of them."""
