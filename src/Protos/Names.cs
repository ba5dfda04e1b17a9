namespace RpiAgent.Protos;

/// <summary>Names that agents take and operators' tools write: one rule for both.</summary>
public static class Names
{
    /// <summary>IFNAMSIZ - 1.</summary>
    public const int LongestInterface = 15;

    /// <summary>What useradd(8) lets through, so that it can stand in a command.</summary>
    public static bool IsUser(string name) =>
        name.Length is >= 1 and <= 32 && (char.IsAsciiLetterLower(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-');

    /// <summary>Of an interface that can be set.</summary>
    public static bool IsInterface(string name) =>
        name.Length is >= 1 and <= LongestInterface
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
        && name != "lo";
}
