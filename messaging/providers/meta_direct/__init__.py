"""WhatsApp Cloud API, straight from Meta."""
