"""What is told of the requests that were served."""
