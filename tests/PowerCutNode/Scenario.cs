using System.Collections.Immutable;

namespace RpiAgent.Tests.PowerCutNode;

/// <summary>One change of a node that a power cut may hit anywhere. To put another change under the test, add it to <see cref="All"/>.</summary>
internal abstract record Scenario(string Name)
{
    public static readonly ImmutableArray<Scenario> All =
    [
        new NetworkScenario("dhcp-to-static", NetworkScenario.Dhcp, NetworkScenario.FirstAddress, Ending.Confirmed),
        new NetworkScenario("static-to-static-in-an-included-file", NetworkScenario.Included, NetworkScenario.FirstAddress, Ending.Confirmed),
        new NetworkScenario("static-to-dhcp-taken-back", NetworkScenario.Static, NetworkScenario.Automatic, Ending.TakenBack),
        new NetworkScenario("file-that-did-not-exist-taken-back", NetworkScenario.Empty, NetworkScenario.FirstAddress, Ending.TakenBack),
        new NetworkScenario("dhcp-to-static-at-the-next-boot", NetworkScenario.Dhcp, NetworkScenario.FirstAddress, Ending.ConfirmedAfterBoot),
        new NetworkScenario("file-that-did-not-exist-at-the-next-boot-taken-back", NetworkScenario.Empty, NetworkScenario.FirstAddress, Ending.TakenBackAfterBoot),
        new NetworkScenario("three-files-of-cloud-init", NetworkScenario.CloudInit, NetworkScenario.FirstAddress, Ending.Confirmed),
        new NetworkScenario("profile-of-networkmanager", NetworkScenario.Profiles, NetworkScenario.FirstAddress, Ending.Confirmed),
        new NetworkScenario("radio-of-networkmanager-taken-back", NetworkScenario.Profiles, NetworkScenario.Radio, Ending.TakenBack),
        new NetworkScenario("second-change-that-is-kept", NetworkScenario.SecondChange, NetworkScenario.FirstAddress, Ending.Confirmed),
        new HostNameScenario(),
        new EngineScenario(),
        new EngineFilesScenario(),
        new LedgerScenario(),
        new IdentityScenario(),
    ];

    /// <summary>The node before the change: content by path.</summary>
    public abstract ImmutableSortedDictionary<string, string> Before { get; }

    /// <summary>Whether all files of the configuration change together, and only when the coordinator has confirmed.</summary>
    public virtual bool IsTransaction => false;

    /// <summary>Makes the change in a folder.</summary>
    public abstract Task ChangeAsync(string root);

    /// <summary>What a boot must find besides whole files, for state that only the agent reads. Null when all is well.</summary>
    public virtual string? WhyBroken(string root) => null;

    public sealed override string ToString() => Name;
}
