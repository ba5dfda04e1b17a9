namespace RpiAgent.Agent.Images;

/// <summary>What a person writes for an image: [registry/]repository[:tag][@digest], or an id.</summary>
internal readonly record struct ImageReference(string Repository, string Tag)
{
    /// <returns>False for ids and for digests, which carry no tag, and for what no registry would take.</returns>
    public static bool TryParse(string text, out ImageReference reference)
    {
        reference = default;
        if (text.StartsWith("sha256:", StringComparison.Ordinal) || text.Contains('@') || IsHexId(text))
        {
            return false;
        }

        int colon = text.LastIndexOf(':');
        bool tagged = colon > text.LastIndexOf('/');
        string repository = tagged ? text[..colon] : text;
        string tag = tagged ? text[(colon + 1)..] : "latest";
        if (!IsRepository(repository) || tag.Length is 0 or > 128 || !tag.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-'))
        {
            return false;
        }

        reference = new ImageReference(repository, tag);
        return true;
    }

    public override string ToString() => $"{Repository}:{Tag}";

    private static bool IsHexId(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Lower case; only the registry's host may hold capitals and a port.</summary>
    private static bool IsRepository(string text)
    {
        string[] parts = text.Split('/');
        bool registry = parts.Length > 1 && (parts[0].Contains('.') || parts[0].Contains(':') || parts[0] == "localhost");
        return parts.Skip(registry ? 1 : 0).All(part =>
            part.Length > 0 && char.IsAsciiLetterOrDigit(part[0]) && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-'));
    }
}
