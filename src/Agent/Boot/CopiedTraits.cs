using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Engine;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot;

/// <summary>What a copied card shares with its original beside the agent's identity. Each goes whole: old or new, never neither.</summary>
internal sealed class CopiedTraits(AgentOptions options, CommandRunner commands)
{
    private const string HostKeys = "ssh_host_*";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private bool IsRunning => options.Root == "/";

    /// <summary>New host keys come first: all else is easy to do once more by somebody who can still log in.</summary>
    /// <exception cref="IOException">Not done; what is done stays.</exception>
    public async Task ForgetAsync(CancellationToken cancel)
    {
        await ReplaceHostKeysAsync(cancel);
        await StopEngineAsync(cancel);
        string swarm = options.Under($"{options.DockerRoot}/swarm");
        if (Directory.Exists(swarm))
        {
            Directory.Delete(swarm, recursive: true);
        }

        ReplaceMachineId();
    }

    /// <summary>The original runs these replicas; here nothing wants them any more. Volumes stay.</summary>
    /// <returns>Null, or why they are still there.</returns>
    public async Task<string?> RemoveReplicasAsync(CancellationToken cancel)
    {
        if (!IsRunning)
        {
            return null;
        }

        try
        {
            EngineContainers containers = new(new EngineConnection(options.DockerSocket, EngineConnection.NoHold, TimeProvider.System, NullLogger<EngineConnection>.Instance));
            foreach (var replica in (await containers.ListAsync(cancel)).Where(container => container.Labels.ContainsKey(ContainerLabels.Replica)))
            {
                await containers.RemoveAsync(replica.ID, replica.Names.FirstOrDefault() ?? replica.ID, cancel);
            }

            return null;
        }
        catch (EngineException e)
        {
            return e.Message;
        }
    }

    private async Task ReplaceHostKeysAsync(CancellationToken cancel)
    {
        string folder = options.Under("/etc/ssh");
        string[] old = Directory.Exists(folder) ? Directory.GetFiles(folder, HostKeys) : [];
        if (old.Length == 0)
        {
            return; // no SSH server, or it makes its own at its first start
        }

        string waiting = Path.Join(folder, ".rpi-new");
        string made = Path.Join(waiting, "etc/ssh");
        Directory.CreateDirectory(made, AtomicFile.PrivateDirectory);
        try
        {
            CommandResult run = await commands.RunAsync("ssh-keygen", ["-A", "-f", waiting], Limit, cancel);
            string[] keys = Directory.GetFiles(made, HostKeys);
            if (!run.Succeeded || keys.Length == 0)
            {
                throw new IOException($"no new SSH host keys could be made, so the old ones stay: {run.Error.Trim()}");
            }

            foreach (string key in keys)
            {
                AtomicFile.Write(Path.Join(folder, Path.GetFileName(key)), File.ReadAllBytes(key), File.GetUnixFileMode(key));
            }

            foreach (string key in old.ExceptBy(keys.Select(Path.GetFileName), Path.GetFileName))
            {
                File.Delete(key);
            }
        }
        finally
        {
            Directory.Delete(waiting, recursive: true);
        }
    }

    private async Task StopEngineAsync(CancellationToken cancel)
    {
        if (!IsRunning)
        {
            return;
        }

        await commands.RunAsync("systemctl", ["stop", "docker.socket", "docker.service"], Limit, cancel); // not where there is no engine
        if ((await commands.RunAsync("systemctl", ["is-active", "--quiet", "docker.service"], Limit, cancel)).Succeeded)
        {
            throw new IOException("docker.service could not be stopped, so its place in the swarm stays");
        }
    }

    /// <summary>machine-id(5): without a file the next boot would be a first one; D-Bus may have a copy.</summary>
    private void ReplaceMachineId()
    {
        const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        string id = RandomNumberGenerator.GetHexString(32, lowercase: true) + "\n";
        AtomicFile.Write(options.Under("/etc/machine-id"), id, ReadOnly);
        if (new FileInfo(options.Under("/var/lib/dbus/machine-id")) is { Exists: true, LinkTarget: null } bus)
        {
            AtomicFile.Write(bus.FullName, id, ReadOnly);
        }
    }
}
