using System.Diagnostics;
using RpiAgent.Tests.Integration.Support;

namespace RpiAgent.Tests.Integration.Packaging;

/// <summary>A Debian of its own, unpacked from what tests/run.sh prepared, without a network. Commands run in it as in a chroot.</summary>
internal sealed class PackageRoot : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("rpi-root-").FullName;

    public static string Prepared(string variable)
    {
        string? folder = Environment.GetEnvironmentVariable(variable);
        Needed.Have(folder is not null, $"{variable} is not set: tests/run.sh builds the packages and the roots");
        Needed.Have(Environment.UserName == "root", "only root can chroot");
        return folder!;
    }

    /// <summary>One of our packages, for this machine ("here") or another Debian architecture.</summary>
    public static string Package(string architecture, string name = "rpi-agent") =>
        Directory.EnumerateFiles(Path.Join(Prepared("RPI_TEST_PACKAGES"), architecture), $"{name}_*.deb").Single();

    /// <param name="tar">Path of a root file system.</param>
    public static async Task<PackageRoot> UnpackAsync(string tar)
    {
        PackageRoot root = new();
        await Shell.RunAsync($"tar -xf {tar} -C {root.Folder}");
        return root;
    }

    /// <summary>A file of this machine, given into the root.</summary>
    public string Give(string file, string path)
    {
        string there = Path.Join(Folder, path, Path.GetFileName(file));
        Directory.CreateDirectory(Path.GetDirectoryName(there)!);
        File.Copy(file, there, overwrite: true);
        return Path.Join(path, Path.GetFileName(file));
    }

    /// <summary>An executable of a few lines of sh.</summary>
    public void Fake(string path, string script)
    {
        string there = Path.Join(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(there)!);
        File.WriteAllText(there, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(there, (UnixFileMode)Convert.ToInt32("755", 8));
    }

    public bool Has(string path) => Path.Exists(Path.Join(Folder, path)) || new FileInfo(Path.Join(Folder, path)).LinkTarget is not null;

    /// <returns>Exit code, and both outputs as one text.</returns>
    public Task<(int Code, string Output)> RunAsync(string script, string user = "0:0") =>
        StartAsync("unshare", ["--net", "chroot", $"--userspec={user}", Folder, "sh", "-c", $"exec 2>&1; {script}"]);

    /// <summary>A program without a shell around it.</summary>
    /// <returns>Exit code (124 if it still ran when its time was over), and both outputs as one text.</returns>
    public Task<(int Code, string Output)> ProgramAsync(TimeSpan limit, string[] words) =>
        StartAsync("sh", ["-c", "exec \"$@\" 2>&1", "sh", "timeout", $"{limit.TotalSeconds}", "unshare", "--net", "chroot", Folder, .. words]);

    private static async Task<(int Code, string Output)> StartAsync(string program, string[] words)
    {
        ProcessStartInfo start = new(program, words) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment.Clear();
        start.Environment["PATH"] = "/fake:/usr/sbin:/usr/bin:/sbin:/bin";
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
