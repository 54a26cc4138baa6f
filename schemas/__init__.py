"""What a message is: canonical records, their envelope, and the errors that may befall them."""
