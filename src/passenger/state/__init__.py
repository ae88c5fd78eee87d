"""What is kept between requests, since Copilot keeps nothing: responses, conversations, and the events of answers."""
