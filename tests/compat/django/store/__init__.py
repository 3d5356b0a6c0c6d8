"""An application with a model, migrations, static files and templates."""
