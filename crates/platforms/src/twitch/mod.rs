//! Twitch: EventSub by WebSocket, and Helix.
