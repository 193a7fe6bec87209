"""What happens around every request, before and after its page."""
