"""What the API takes and shows, as marshmallow schemas: a file for each part of the house."""
