"""What people see: figures, tables and sentences made from results."""
