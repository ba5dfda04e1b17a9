namespace RpiAgent.Agent.NodeConfig.Documents;

/// <summary>RFC 1123: one label, lower case, so that DNS, mDNS and Swarm all agree on it.</summary>
internal static class HostNameRules
{
    private const int MaximumLength = 63;

    /// <returns>Null when the name can be used.</returns>
    public static Refusal? Refuse(string name)
    {
        string? wrong = name.Length switch
        {
            0 => "is empty",
            > MaximumLength => $"is longer than {MaximumLength} characters",
            _ when name.FirstOrDefault(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-') is var odd and not '\0' => $"has the character '{odd}'",
            _ when name[0] == '-' || name[^1] == '-' => "begins or ends with '-'",
            _ when name.All(char.IsAsciiDigit) => "is only digits",
            _ => null,
        };
        return wrong is null
            ? null
            : new Refusal(RefusalCodes.BadHostName, "hostname", $"host name '{name}' {wrong}; use lower-case letters, digits and '-', such as pi-1");
    }
}
