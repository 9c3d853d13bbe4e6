"""One turn of a customer, step by step."""
