using RpiAgent.Agent.NodeConfig.Interfaces;

namespace RpiAgent.Agent.NodeConfig;

/// <summary>Which program configures an interface: all are asked, for two of them would fight.</summary>
internal sealed class BackendDetection(AgentOptions options, CommandRunner commands)
{
    private const string NetworkFileLine = "Network File:";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task<NetworkManagement> DetectAsync(string interfaceName, InterfacesModel interfaces, CancellationToken cancel) =>
        options.Root != "/"
            ? FolderDetection.Detect(FileView.OfDirectory(options.Root), interfaceName, interfaces)
            : BackendRules.Decide(interfaceName, await LookAsync(interfaceName, interfaces, cancel));

    private async Task<BackendFacts> LookAsync(string interfaceName, InterfacesModel interfaces, CancellationToken cancel)
    {
        UnitFacts networkManager = await UnitAsync("NetworkManager.service", cancel), networkd = await UnitAsync("systemd-networkd.service", cancel);
        bool hasIfup = File.Exists("/sbin/ifup");
        return new BackendFacts(
            networkManager,
            networkManager.IsAtWork ? await DeviceAsync(interfaceName, cancel) : null,
            await UnitAsync("dhcpcd.service", cancel),
            networkd,
            networkd.IsAtWork ? NetworkFileOf(await AnswerAsync("networkctl", ["status", interfaceName, "--no-pager"], cancel)) : null,
            hasIfup,
            await UnitAsync("networking.service", cancel) is { File: "enabled" or "enabled-runtime" },
            interfaces.Stanzas.Any(stanza => stanza.Name == interfaceName),
            hasIfup && await AnswerAsync("/sbin/ifquery", ["--state", interfaceName], cancel) is not null);
    }

    private async Task<UnitFacts> UnitAsync(string unit, CancellationToken cancel)
    {
        // Two lines, in an order of its own; also of a unit that is not there.
        if (await AnswerAsync("systemctl", ["show", "-p", "ActiveState", "-p", "UnitFileState", unit], cancel) is not { } answer)
        {
            return UnitFacts.Unknown;
        }

        string[] lines = answer.Split('\n');
        return new UnitFacts(Value("ActiveState"), Value("UnitFileState"));

        string Value(string key) => lines.FirstOrDefault(line => line.StartsWith($"{key}=", StringComparison.Ordinal))?[(key.Length + 1)..].Trim() ?? "";
    }

    private async Task<string?> DeviceAsync(string interfaceName, CancellationToken cancel)
    {
        const int noSuchDevice = 10; // nmcli(1)
        CommandResult result = await commands.RunAsync("nmcli", ["-t", "-g", "GENERAL.STATE", "device", "show", interfaceName], Limit, cancel);
        return result.ExitCode == noSuchDevice ? BackendFacts.NoDevice : Answer(result);
    }

    private static string? NetworkFileOf(string? status) =>
        status?.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith(NetworkFileLine, StringComparison.Ordinal)) is { } line
            ? line[NetworkFileLine.Length..].Trim()
            : status is null ? null : "n/a";

    private async Task<string?> AnswerAsync(string program, string[] arguments, CancellationToken cancel) => Answer(await commands.RunAsync(program, arguments, Limit, cancel));

    /// <summary>Null when it failed or said nothing.</summary>
    private static string? Answer(CommandResult result) => result.Succeeded && result.Output.Trim() is { Length: > 0 } answer ? answer : null;
}
