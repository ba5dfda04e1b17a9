namespace RpiAgent.Agent.NodeConfig;

/// <summary>Why nothing is changed: a code for programs, the place, and words with a remedy for a person.</summary>
/// <param name="At"><c>file:line</c>, a file, or the name of the wrong setting.</param>
internal sealed record Refusal(string Code, string At, string Message)
{
    private const int NoSuchSpace = 28; // ENOSPC

    /// <summary>A write of the agent's own state that failed.</summary>
    public static Refusal OfDisk(Exception failure) => failure.HResult == NoSuchSpace
        ? new Refusal(RefusalCodes.NoSpace, "", $"{failure.Message.TrimEnd('.')}; make room and try again")
        : new Refusal(RefusalCodes.ReadOnlyRoot, "", $"{failure.Message.TrimEnd('.')}; make the file system writable and try again");

    public override string ToString() => At.Length == 0 ? $"{Code}: {Message}" : $"{Code}: {At}: {Message}";
}

/// <summary>Carries a refusal out of a parser or a step; caught at the feature's edge.</summary>
internal sealed class RefusalException(Refusal refusal) : Exception(refusal.ToString())
{
    public Refusal Refusal { get; } = refusal;
}

internal static class RefusalCodes
{
    public const string Parse = "E_PARSE";
    public const string Mapped = "E_MAPPED";
    public const string Logical = "E_LOGICAL";
    public const string Renamed = "E_RENAMED";
    public const string Enslaved = "E_ENSLAVED";
    public const string Duplicate = "E_DUPLICATE";
    public const string TemplateInUse = "E_TEMPLATE_IN_USE";
    public const string InheritConflict = "E_INHERIT_CONFLICT";
    public const string WpaRoam = "E_WPA_ROAM";
    public const string Method = "E_METHOD";
    public const string BadInterface = "E_BAD_IFACE";
    public const string BadAddress = "E_BAD_ADDRESS";
    public const string BadGateway = "E_BAD_GATEWAY";
    public const string BadDns = "E_BAD_DNS";
    public const string BadWifi = "E_BAD_WIFI";
    public const string BadHostName = "E_BAD_HOSTNAME";
    public const string BadDockerOption = "E_BAD_DOCKER_OPTION";
    public const string OptionRemoved = "E_OPTION_REMOVED";
    public const string OptionConflict = "E_OPTION_CONFLICT";
    public const string InsecureDockerTcp = "E_INSECURE_DOCKER_TCP";
    public const string TwoManagers = "E_TWO_MANAGERS";
    public const string BackendUnsupported = "E_BACKEND_UNSUPPORTED";
    public const string ResolvOwned = "E_RESOLV_OWNED";
    public const string TransactionPending = "E_TXN_PENDING";
    public const string TransactionExpired = "E_TXN_EXPIRED";
    public const string AddressInUse = "E_ADDRESS_IN_USE";
    public const string SwarmManager = "E_SWARM_MANAGER";
    public const string ReadOnlyRoot = "E_READONLY_ROOT";
    public const string NoSpace = "E_NO_SPACE";
}
