"""AWS Systems Manager Automation as software that anyone can run."""

__version__ = "0.1.0"
