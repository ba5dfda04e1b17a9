using System.Collections.Immutable;
using System.Text;
using RpiAgent.Agent.Enrolment;
using RpiAgent.Agent.NodeConfig;
using RpiAgent.Agent.Ssh;
using RpiAgent.Identity;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>
/// Makes this Pi as its card says, before it joins: a radio may be the only way to the coordinator. After it has joined, the
/// coordinator's word counts.
/// </summary>
internal sealed partial class CardConfiguration(
    AgentOptions options, NodeConfigurator configurator, CoordinatorClient coordinator, CoordinatorSearch search, CommandRunner commands, TimeProvider time, ILogger<CardConfiguration> log)
{
    private const string Zones = "/usr/share/zoneinfo";
    private const string TimeServersPath = "/etc/systemd/timesyncd.conf.d/rpi-agent.conf";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly string[] TimeService = ["/usr/lib/systemd/system/systemd-timesyncd.service", "/lib/systemd/system/systemd-timesyncd.service"];

    /// <param name="changed">The card has changed: what is left of it is not begun.</param>
    public async Task<CardOutcome> ApplyAsync(CardSettings card, CancellationToken changed, CancellationToken cancel)
    {
        ImmutableArray<string>.Builder problems = ImmutableArray.CreateBuilder<string>(), radios = ImmutableArray.CreateBuilder<string>();
        if (card.Ssh is { } ssh)
        {
            SshOutcome keys = await CardKeys.ApplyAsync(options, ssh.User, ssh.AuthorizedKeys, time, cancel);
            problems.AddRange(keys.Problems.Select(problem => $"ssh: {problem}"));
        }

        AddTo(problems, () => SetTimeZone(card.TimeZone));
        if (!card.TimeServers.IsEmpty)
        {
            await SetTimeServersAsync(card.TimeServers, problems, cancel);
        }

        await ConfigureAsync(new NodeSpec(card.Hostname, null, card.DockerOptions), card, problems, cancel);
        foreach (AddressWish wish in card.Addresses)
        {
            changed.ThrowIfCancellationRequested();
            if (await ConfigureAsync(new NodeSpec("", wish, []), card, problems, cancel) && wish.Wifi is not null)
            {
                radios.Add(wish.Interface);
            }
        }

        return new CardOutcome(problems.ToImmutable(), radios.ToImmutable());
    }

    /// <returns>Whether all is as the specification says.</returns>
    private async Task<bool> ConfigureAsync(NodeSpec spec, CardSettings card, ImmutableArray<string>.Builder problems, CancellationToken cancel)
    {
        NodeConfigOutcome outcome = await configurator.ApplyAsync(spec, (change, limit) => ConfirmAsync(card, change.Interface, limit), cancel);
        bool isDone = outcome.Result is NodeConfigResult.Changed or NodeConfigResult.Unchanged;
        if (!isDone)
        {
            problems.Add(outcome.Detail);
        }

        return isDone;
    }

    /// <summary>
    /// Without a coordinator on the card there is nobody to ask whether the new address works; without its address it is looked for; without
    /// a digest any answer shows that the way is there.
    /// </summary>
    private async Task<bool> ConfirmAsync(CardSettings card, string interfaceName, CancellationToken cancel)
    {
        // Over the interface that changed: another one may lead there, too.
        string? why = (card.Coordinator, card.AuthorityDigest) switch
        {
            ({ } address, var digest) => await coordinator.WhyNotProvenAsync(address, digest, cancel, interfaceName),
            (null, { } digest) => (await search.TryFindAsync(digest, cancel, interfaceName)).WhyNot,
            _ => null,
        };
        if (why is not null)
        {
            LogNotProven(why);
        }

        return why is null;
    }

    private static void AddTo(ImmutableArray<string>.Builder problems, Func<string?> work)
    {
        try
        {
            if (work() is { } problem)
            {
                problems.Add(problem);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(e.Message);
        }
    }

    /// <summary>As timedatectl(1) does.</summary>
    private string? SetTimeZone(string zone)
    {
        if (zone.Length == 0)
        {
            return null;
        }

        if (!File.Exists(options.Under($"{Zones}/{zone}")))
        {
            return $"timezone: this system knows no {zone}";
        }

        string local = options.Under("/etc/localtime"), made = $"{local}.rpi-agent";
        if (new FileInfo(local).LinkTarget is { } target && target.EndsWith($"zoneinfo/{zone}", StringComparison.Ordinal))
        {
            return null;
        }

        File.Delete(made);
        File.CreateSymbolicLink(made, $"{Zones}/{zone}");
        AtomicFile.Rename(made, local);
        if (File.Exists(options.Under("/etc/timezone")))
        {
            AtomicFile.Write(options.Under("/etc/timezone"), $"{zone}\n", AtomicFile.Public);
        }

        return null;
    }

    private async Task SetTimeServersAsync(ImmutableArray<string> servers, ImmutableArray<string>.Builder problems, CancellationToken cancel)
    {
        if (!TimeService.Any(unit => File.Exists(options.Under(unit))))
        {
            problems.Add("ntp: this system has no systemd-timesyncd to give the servers to; install it, or set them where its time service reads them");
            return;
        }

        byte[] content = Encoding.ASCII.GetBytes($"# Written by rpi-agent from the boot file.\n[Time]\nNTP={string.Join(' ', servers)}\n");
        string path = options.Under(TimeServersPath);
        bool isNew = !File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(content);
        AddTo(problems, () =>
        {
            const UnixFileMode folder = AtomicFile.PrivateDirectory | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
            AtomicFile.EnsureDirectory(Path.GetDirectoryName(path)!, folder);
            AtomicFile.Write(path, content, AtomicFile.Public);
            return null;
        });
        if (isNew && options.Root == "/")
        {
            await commands.RunAsync("systemctl", ["try-restart", "systemd-timesyncd.service"], Limit, cancel);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The card's address is not confirmed yet: {Reason}")]
    private partial void LogNotProven(string reason);
}

/// <param name="Problems">What could not be done; the rest is.</param>
/// <param name="Radios">Interfaces that are on their radio network now.</param>
internal sealed record CardOutcome(ImmutableArray<string> Problems, ImmutableArray<string> Radios)
{
    public static readonly CardOutcome None = new([], []);
}
