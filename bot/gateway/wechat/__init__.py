"""The WeChat official-account protocol: crypto, messages, the callback, the platform's API, a simulator."""
