using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary>
/// A person's known_hosts: what it has of the nodes goes, also hashed and with a port, and what they reported comes. ssh-keygen(1) finds
/// the old entries, in a copy; the file itself is replaced whole.
/// </summary>
internal static class KnownHostsFile
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <returns>How many nodes are known now; one that told no keys is left as it is.</returns>
    /// <exception cref="CliFailure">The file stays as it was.</exception>
    public static async Task<int> UpdateAsync(string file, IReadOnlyCollection<NodeInfo> nodes, int port, CancellationToken cancel)
    {
        string work = Directory.CreateTempSubdirectory("rpictl-").FullName;
        try
        {
            string target = File.Exists(file) ? File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file : file;
            string copy = Path.Join(work, "known_hosts");
            byte[] before = File.Exists(target) ? await File.ReadAllBytesAsync(target, cancel) : [];
            await File.WriteAllBytesAsync(copy, before, cancel);
            string text = Encoding.Latin1.GetString(before);
            List<string> lines = [];
            int known = 0;
            foreach (NodeInfo node in nodes)
            {
                int[] ports = [.. KnownHosts.PortsIn(text, node).Append(port)];
                foreach (string host in KnownHosts.HostsOf(node, ports))
                {
                    await ForgetAsync(host, copy, cancel);
                }

                int count = lines.Count;
                lines.AddRange(KnownHosts.LinesOf(node, ports));
                known += lines.Count > count ? 1 : 0;
            }

            string after = KnownHosts.Append(Encoding.Latin1.GetString(await File.ReadAllBytesAsync(copy, cancel)), lines);
            AtomicFile.EnsureDirectory(Path.GetDirectoryName(Path.GetFullPath(target)) ?? "/", AtomicFile.PrivateDirectory);
            AtomicFile.Write(target, Encoding.Latin1.GetBytes(after), File.Exists(target) ? File.GetUnixFileMode(target) : AtomicFile.Private);
            return known;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure(ExitCodes.Refused, $"{file} was not changed: {e.Message}", e);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task ForgetAsync(string host, string copy, CancellationToken cancel)
    {
        using Process process = new() { StartInfo = new("ssh-keygen", ["-R", host, "-f", copy]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true } };
        using CancellationTokenSource tooLate = new(Limit, TimeProvider.System);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancel, tooLate.Token);
        try
        {
            process.Start();
        }
        catch (Win32Exception missing)
        {
            throw new CliFailure(ExitCodes.Configuration, "ssh-keygen is not installed (package openssh-client); without --update the lines are printed", missing);
        }

        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(either.Token);
            string error = await process.StandardError.ReadToEndAsync(either.Token);
            await output;
            await process.WaitForExitAsync(either.Token);
            if (process.ExitCode != 0)
            {
                throw new IOException($"ssh-keygen -R {host}: {error.Trim()}");
            }
        }
        catch (OperationCanceledException slow) when (!cancel.IsCancellationRequested)
        {
            process.Kill();
            throw new IOException($"ssh-keygen -R {host}: no end within {Limit.TotalSeconds} s", slow);
        }
    }
}
