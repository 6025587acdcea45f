"""Spreadsheets on their way in."""
