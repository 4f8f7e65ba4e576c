"""What people read: tables, pictures, the report."""
