//! Facebook: the Graph API, by polling.
