"""Routes in the forms that other servers' clients speak."""
