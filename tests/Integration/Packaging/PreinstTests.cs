using System.Diagnostics;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Packaging;

/// <summary>What preinst says of machines that are not here: it is plain sh, and asks uname, getconf, ldd and /proc/cpuinfo.</summary>
public sealed class PreinstTests : IDisposable
{
    private const string Armhf = "armv7l armv8l aarch64";
    private const string Nothing = "exit 1";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rpi-preinst-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("echo glibc 2.36", Nothing, null)]
    [InlineData("echo glibc 2.34", "echo 'ldd (Debian GLIBC 2.31) 2.31'", null)]
    [InlineData(Nothing, "echo 'ldd (Ubuntu GLIBC 2.39-0ubuntu8) 2.39'", null)]
    [InlineData("echo undefined", "echo 'ldd (GNU libc) 2.40'", null)]
    [InlineData("echo glibc 2.28", "echo 'ldd (Debian GLIBC 2.36-9) 2.36'", "E_OLD_GLIBC")]
    [InlineData("echo glibc 2.31", Nothing, "E_OLD_GLIBC")]
    [InlineData(Nothing, "echo 'ldd (Debian GLIBC 2.31-13+deb11u11) 2.31'", "E_OLD_GLIBC")]
    [InlineData(Nothing, "echo 'musl libc (x86_64)' >&2; exit 1", "E_OLD_GLIBC")]
    public async Task The_C_library_is_the_one_getconf_tells_or_else_ldd(string getconf, string ldd, string? error) =>
        Assert.Equal(error, await AskAsync("x86_64", "echo x86_64", getconf, ldd, cpuInfo: ""));

    [Theory]
    [InlineData("armv7l", "Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4", null)]
    [InlineData("aarch64", "Features\t: fp asimd evtstrm crc32 cpuid", null)]
    [InlineData("armv7l", "model name\t: ARMv6-compatible processor rev 7 (v6l)\nFeatures\t: half thumb fastmult vfp edsp java tls", "E_UNSUPPORTED_CPU")]
    [InlineData("armv6l", "Features\t: half thumb fastmult vfp edsp java tls", "E_UNSUPPORTED_CPU")]
    public async Task A_32_bit_board_is_known_by_what_its_processor_can(string kind, string cpuInfo, string? error) =>
        Assert.Equal(error, await AskAsync(Armhf, $"echo {kind}", "echo glibc 2.36", Nothing, cpuInfo));

    /// <returns>The code of the refusal, null when there is none.</returns>
    private async Task<string?> AskAsync(string cpus, string uname, string getconf, string ldd, string cpuInfo)
    {
        foreach ((string name, string script) in new[] { ("uname", uname), ("getconf", getconf), ("ldd", ldd) })
        {
            string path = Path.Join(_folder.FullName, name);
            await File.WriteAllTextAsync(path, $"#!/bin/sh\n{script}\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        string facts = Path.Join(_folder.FullName, "cpuinfo"), preinst = Path.Join(_folder.FullName, "preinst");
        await File.WriteAllTextAsync(facts, $"processor\t: 0\n{cpuInfo}\n", TestContext.Current.CancellationToken);
        string text = await File.ReadAllTextAsync(Path.Join(Repository.Folder, "deploy", "packaging", "preinst"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(preinst, text.Replace("@PACKAGE@", "rpi-agent", StringComparison.Ordinal).Replace("@CPUS@", cpus, StringComparison.Ordinal)
            .Replace("@GLIBC@", "2.34", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        ProcessStartInfo start = new("sh", [preinst, "install"]) { RedirectStandardError = true, UseShellExecute = false };
        start.Environment["PATH"] = $"{_folder.FullName}:/usr/bin:/bin";
        start.Environment["RPI_AGENT_CPUINFO"] = facts;
        using Process process = Process.Start(start)!;
        string told = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (process.ExitCode == 0)
        {
            Assert.Equal("", told);
            return null;
        }

        Assert.Equal(1, process.ExitCode);
        return told.Split(": ")[1];
    }
}
