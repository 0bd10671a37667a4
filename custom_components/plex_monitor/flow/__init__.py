"""Config flow and options flow: what their steps do."""
