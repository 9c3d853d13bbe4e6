"""The browser page and its endpoints. Knows Gradio and the service's types, but no model."""
