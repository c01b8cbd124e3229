"""The console: its API (`webui.api`) and the application in the browser (`webui/app`)."""
