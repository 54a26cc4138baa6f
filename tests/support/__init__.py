"""What tests stand on: real servers, found or started, and where to find them."""
