using System.Collections.Immutable;
using System.Globalization;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>What dockerd would choke on, or nobody should have: found before anything is written. Pure.</summary>
internal static class DockerOptionRules
{
    private const string Where = "docker.options";

    /// <returns>Null when the engine can be started with these words.</returns>
    /// <exception cref="RefusalException">A file of the engine's options that cannot be read.</exception>
    public static Refusal? Refuse(EngineSetup setup, ImmutableArray<string> words)
    {
        ImmutableArray<EngineOption> ours = EngineOption.Of(words);
        ImmutableArray<PresentOption> present = PresentOption.Of(setup);
        ImmutableArray<PresentOption> all = [.. ours.Select(option => new PresentOption(Where, option)), .. present];
        return words.Select(RefuseWord).FirstOrDefault(refusal => refusal is not null)
            ?? (ours.FirstOrDefault(option => option.Key.Length == 0) is { } stray ? new Refusal(RefusalCodes.BadDockerOption, Where, $"'{stray}' is no option of dockerd; options begin with a dash") : null)
            ?? RefuseRemoved(setup.Version, all)
            ?? RefuseOpen(ours, present)
            ?? RefuseSwarmless(all)
            ?? AddressPoolRules.Refuse(setup.Networks, ours)
            ?? RefuseTwice(ours, present)
            ?? LogOptionRules.Refuse(ours, all);
    }

    private static Refusal? RefuseWord(string word) =>
        word.Length > 0 && word.All(c => c is > ' ' and <= '~' and not ('$' or '`' or '"' or '\'' or '\\'))
            ? null
            : new Refusal(RefusalCodes.BadDockerOption, Where, $"Docker option '{word}' cannot be written: blanks, quotation marks, $, ` and \\ do not survive where systemd reads it; give each word by itself, without them");

    /// <summary>1.9.0 brought them, 20.10 as Debian builds it has no Consul, 23.0 refuses and 24.0 does not know them (release notes of the engine).</summary>
    private static Refusal? RefuseRemoved(string version, ImmutableArray<PresentOption> all)
    {
        bool isOld = version.Split('.') is [var major, var minor, ..] && int.TryParse(major, CultureInfo.InvariantCulture, out int a) && int.TryParse(minor, CultureInfo.InvariantCulture, out int b) && (a < 20 || (a == 20 && b < 10));
        return !isOld && all.FirstOrDefault(one => one.Option.Key is "cluster-store" or "cluster-store-opts" or "cluster-advertise") is { } removed
            ? new Refusal(RefusalCodes.OptionRemoved, removed.At, $"Docker option '{removed.Option}' is gone: this engine ({(version.Length > 0 ? version : "of unknown version")}) has no discovery by Consul; clusters are formed by Swarm, take it out")
            : null;
    }

    /// <summary>Whatever is no socket of this machine is TCP to dockerd, with or without <c>tcp://</c> before it (moby, opts.parseDaemonHost).</summary>
    private static Refusal? RefuseOpen(ImmutableArray<EngineOption> ours, ImmutableArray<PresentOption> present)
    {
        bool isAskedFor = ours.Any(option => option.Key is "tlsverify" || (option.Key is "tls" && !option.IsOn)) || present.Any(one => one.Option.Key is "tlsverify" && one.Option.IsOn);
        EngineOption? open = isAskedFor ? null : ours.FirstOrDefault(option => option.Key == "hosts" && !option.Value.StartsWith("unix://", StringComparison.Ordinal) && !option.Value.StartsWith("fd://", StringComparison.Ordinal));
        return open is null
            ? null
            : new Refusal(RefusalCodes.InsecureDockerTcp, Where, $"the Docker option -H '{open.Value}' lets anyone {(open.Value.Contains("//127.", StringComparison.Ordinal) || open.Value.Contains("localhost", StringComparison.Ordinal) ? "with a shell on this node" : "on the network")} be root on it; use --tlsverify with certificates, or leave it out: the agent uses the unix socket. Who wants it in spite of all says --tls=false beside it");
    }

    private static Refusal? RefuseSwarmless(ImmutableArray<PresentOption> all) =>
        all.FirstOrDefault(one => one.Option.Key == "live-restore" && one.Option.IsOn) is { } found
            ? new Refusal(RefusalCodes.OptionConflict, found.At, $"'{found.Option}' does not go together with Swarm, which this cluster is made of; take it out")
            : null;

    private static Refusal? RefuseTwice(ImmutableArray<EngineOption> ours, ImmutableArray<PresentOption> present)
    {
        foreach ((int i, EngineOption option) in ours.Index())
        {
            if (ours.Take(i).Any(earlier => option.Contradicts(earlier) || (option.Key == earlier.Key && !option.MayRepeat)))
            {
                return new Refusal(RefusalCodes.OptionConflict, Where, $"Docker option '{option}' is given twice");
            }

            // What a person has in DOCKER_OPTS is compared where it is merged.
            if (present.FirstOrDefault(one => one.Option.Key == option.Key && !option.MayRepeat && !one.At.StartsWith(DockerDefaults.FilePath, StringComparison.Ordinal) && one.At != PresentOption.DaemonPath) is { } inUnit)
            {
                return new Refusal(RefusalCodes.OptionConflict, inUnit.At, $"Docker option '{option}' is set by docker.service already ('{inUnit.Option}'); leave it out");
            }
        }

        string[] flags = [.. ours.Select(option => option.Key), .. present.Where(one => one.At != PresentOption.DaemonPath).Select(one => one.Option.Key)];
        return present.FirstOrDefault(one => one.At == PresentOption.DaemonPath && flags.Contains(one.Option.Key)) is { } inFile
            ? new Refusal(RefusalCodes.OptionConflict, PresentOption.DaemonPath, $"'{inFile.Option.Key}' is set in {PresentOption.DaemonPath} and as an option: dockerd does not start then; take it out of one of them")
            : null;
    }
}
