namespace RpiAgent.Agent.Boot.Card;

/// <summary>A file of the card cannot be used; the message says where and what to do, never with a secret. Nothing of the card is applied.</summary>
internal sealed class BootFileException(string message, Exception? inner = null) : Exception(message, inner);
