using System.Collections.Immutable;
using System.Text;

namespace RpiAgent.Agent.NodeConfig.DockerOptions;

/// <summary>Where options take effect on this node, and what must be written there. Pure.</summary>
internal static class DockerOptionsPlanner
{
    /// <summary>Only where the unit does not read /etc/default/docker.</summary>
    public const string DropInPath = "/etc/systemd/system/docker.service.d/10-rpi-agent.conf";

    /// <param name="words">Empty = leave what others wrote, unless <paramref name="withdraws"/>.</param>
    /// <param name="clients">PEM of the CA of Docker clients; empty = no TLS port; null = that is not asked for, and stays as it is.</param>
    /// <param name="wanted">Serial of the certificate that the engine shall show at that port; empty = the node's own, whichever it is.</param>
    /// <param name="withdraws">What is there was ordered, and is no longer.</param>
    /// <returns>New content by path; empty when all is as wished.</returns>
    /// <exception cref="RefusalException">The engine would not start so, or the options would have no effect.</exception>
    public static ImmutableSortedDictionary<string, byte[]> Plan(EngineSetup setup, ImmutableArray<string> words, string? clients, string wanted, bool withdraws = false)
    {
        if (clients is null)
        {
            return words.IsEmpty && !withdraws ? ImmutableSortedDictionary<string, byte[]>.Empty : Plan(setup, setup.HasTls ? [.. words, .. EngineTls.Words] : words);
        }

        if (clients.Length == 0)
        {
            return words.IsEmpty && !setup.HasTls && !withdraws ? ImmutableSortedDictionary<string, byte[]>.Empty : Plan(setup, words);
        }

        (byte[] certificate, byte[] key) = setup.Identity
            ?? throw new RefusalException(new Refusal(RefusalCodes.BadDockerOption, "docker.tls", "the engine's TLS port is asked for, but this node has no certificate of a cluster"));
        // A renewed certificate restarts the engine, so it waits for this node's turn: until it is ordered, the engine shows what it has.
        EngineTls own = new(Encoding.ASCII.GetBytes(clients), certificate, key);
        EngineTls tls = wanted.Length == 0 || wanted == EngineTls.SerialOf(certificate) ? own : own.WithPresent(setup.TlsFiles);
        bool isSame = tls.Files.All(file => setup.TlsFiles.TryGetValue(file.Key, out byte[]? present) && present.AsSpan().SequenceEqual(file.Value));
        return Plan(setup, [.. words, .. EngineTls.Words]) is var options && isSame ? options : options.AddRange(tls.Files);
    }

    private static ImmutableSortedDictionary<string, byte[]> Plan(EngineSetup setup, ImmutableArray<string> words)
    {
        if (DockerOptionRules.Refuse(setup, words) is { } refusal)
        {
            throw new RefusalException(refusal);
        }

        var wished = ImmutableSortedDictionary<string, byte[]>.Empty;
        if (setup.HonoursDefaults)
        {
            wished = wished.Add(DockerDefaults.FilePath, DockerDefaults.Read(setup.Defaults).With(words));
        }
        else if (setup.Starts.FirstOrDefault(start => start.Command != setup.UnitStart) is { } other)
        {
            throw new RefusalException(new Refusal(RefusalCodes.OptionConflict, other.File, $"{other.File} starts the engine in its own way ({other.Command}), so options of ours would have no effect or undo it; take its ExecStart= out, or leave the options out"));
        }
        else if (setup.Starts.IsEmpty)
        {
            throw new RefusalException(new Refusal(RefusalCodes.OptionConflict, "docker.service", "there is no docker.service that could be given options; install docker.io, or leave the options out"));
        }

        // Also where it is no longer needed: the unit's command may be another one today.
        bool needsDropIn = !setup.HonoursDefaults && !words.IsEmpty;
        if (needsDropIn || setup.DropIn is not null)
        {
            wished = wished.Add(DropInPath, DropIn(needsDropIn ? setup.UnitStart : "", words));
        }

        return wished.RemoveRange(wished.Where(file => (file.Key == DropInPath ? setup.DropIn : setup.Defaults).AsSpan().SequenceEqual(file.Value)).Select(file => file.Key));
    }

    /// <summary>The unit's own command with our words behind it; without a command only who it belongs to. A percent sign would be a specifier to systemd.</summary>
    private static byte[] DropIn(string command, ImmutableArray<string> words) => Encoding.ASCII.GetBytes("# Of rpi-agent; changes are overwritten.\n" + (command.Length > 0
        ? $"[Service]\nExecStart=\nExecStart={command} {string.Join(' ', words.Select(word => word.Replace("%", "%%", StringComparison.Ordinal)))}\n"
        : ""));
}
