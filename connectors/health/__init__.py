"""Ministry of Health: notices of birth and death."""
