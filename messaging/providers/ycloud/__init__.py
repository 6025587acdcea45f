"""WhatsApp through YCloud, a partner of Meta's."""
