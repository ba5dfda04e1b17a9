using System.ComponentModel;
using System.Diagnostics;
using RpiAgent.Identity;
using RpiAgent.Protos;

namespace RpiAgent.Coordinator.Setup;

/// <summary>
/// `rpi-coordinator init`: makes what is missing in the state directory and leaves the rest alone. Safe to run again, also after a power cut
/// half-way: every file is written whole, and in an order in which the later ones follow from the earlier ones.
/// </summary>
internal static class SetupCommand
{
    /// <returns>An exit code of sysexits.</returns>
    public static async Task<int> RunAsync(CoordinatorOptions options, CancellationToken cancel)
    {
        try
        {
            if (await ForeignOwnerAsync(options.StateDirectory, cancel) is { } owner)
            {
                await Console.Error.WriteLineAsync($"init: {options.StateDirectory} belongs to {owner}, who could not read what root makes there. Run: systemctl restart rpi-coordinator");
                return ExitCodes.Refused;
            }

            Version consul = await FindConsulAsync(cancel);
            Apply(options, consul, TimeProvider.System.GetUtcNow(), Console.Error.WriteLine);
            return ExitCodes.Ok;
        }
        catch (SetupException refused)
        {
            await Console.Error.WriteLineAsync($"init: {refused.Message}");
            return ExitCodes.Configuration;
        }
        catch (Exception broken) when (broken is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"init: cannot write to {options.StateDirectory}: {broken.Message}");
            return ExitCodes.Configuration;
        }
    }

    /// <summary>The work itself, for one release of Consul.</summary>
    public static void Apply(CoordinatorOptions options, Version consul, DateTimeOffset now, Action<string> tell)
    {
        ClusterFiles files = new(options);
        AtomicFile.EnsureDirectory(options.StateDirectory, AtomicFile.PrivateDirectory);
        AtomicFile.EnsureDirectory(files.ConsulDirectory, AtomicFile.PrivateDirectory);
        using FileStream alone = LockDirectory(options);
        using CertificateAuthority authority = files.EnsureAuthority(now, tell);
        HostNames coordinatorNames = files.NamesOf();
        HostNames consulNames = files.NamesOf($"server.{options.Consul.Datacenter}.consul");
        files.EnsureCertificate(files.Coordinator, authority, new PeerIdentity(PeerRole.Coordinator, options.Id), coordinatorNames, now, tell);
        files.EnsureCertificate(files.Operator, authority, new PeerIdentity(PeerRole.Operator, "operator"), HostNames.None, now, tell);
        files.EnsureCertificate(files.Consul, authority, new PeerIdentity(PeerRole.Consul, options.Id), consulNames, now, tell);
        if (options.DockerTls)
        {
            files.EnsureDockerClients(authority, now, tell);
        }

        WriteConsul(options, files, consul, tell);
    }

    private static void WriteConsul(CoordinatorOptions options, ClusterFiles files, Version consul, Action<string> tell)
    {
        if (!File.Exists(files.ManagementTokenPath))
        {
            AtomicFile.Write(files.ManagementTokenPath, $"{Guid.NewGuid():D}\n", AtomicFile.Private);
            tell("made Consul's management token");
        }

        string path = Path.Join(files.ConsulDirectory, "consul.json");
        string wanted = ConsulConfiguration.Render(options, consul, files.LoadManagementToken());
        if (!File.Exists(path) || File.ReadAllText(path) != wanted)
        {
            AtomicFile.Write(path, wanted, AtomicFile.Private);
            tell($"wrote {path} for Consul {consul}");
        }
    }

    private static FileStream LockDirectory(CoordinatorOptions options)
    {
        string path = options.State(".init.lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException busy)
        {
            throw new SetupException($"another init is at work ({path} is locked)", busy);
        }
    }

    /// <returns>The user of a directory that is not root's, when root asks; else null.</returns>
    private static async Task<string?> ForeignOwnerAsync(string directory, CancellationToken cancel)
    {
        if (!Environment.IsPrivilegedProcess || !Directory.Exists(directory))
        {
            return null;
        }

        using Process process = Process.Start(new ProcessStartInfo("stat", ["-c", "%U", directory]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string owner = (await process.StandardOutput.ReadToEndAsync(cancel)).Trim();
        await process.WaitForExitAsync(cancel);
        return owner is "root" or "" ? null : owner;
    }

    private static async Task<Version> FindConsulAsync(CancellationToken cancel)
    {
        ProcessStartInfo start = new("consul") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add("version");
        try
        {
            using Process process = Process.Start(start) ?? throw new SetupException("`consul version` did not start");
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeSpan.FromSeconds(20));
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return ConsulConfiguration.ParseVersion(output)
                ?? throw new SetupException($"`consul version` says '{output.Split('\n')[0]}', which is not a release of Consul");
        }
        catch (Win32Exception missing)
        {
            throw new SetupException("the program consul is not on PATH: install it (see README)", missing);
        }
        catch (OperationCanceledException late) when (!cancel.IsCancellationRequested)
        {
            throw new SetupException("`consul version` did not end within 20 s", late);
        }
    }
}
