"""Where much work is done: in this process by default, on more cores or machines where that pays."""
