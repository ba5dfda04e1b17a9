using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Agent.Engine;
using Xunit;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>
/// A dockerd of its own: own network namespace, data, socket. It holds one image, <see cref="Image"/>, made from the machine's static busybox.
/// Without dockerd, busybox or root its tests are skipped.
/// </summary>
public sealed class DockerEngineFixture : IAsyncLifetime
{
    public const string Image = "rpi-test/busybox:1";
    private static int s_engines;

    private readonly int _number = Environment.ProcessId * 10 + Interlocked.Increment(ref s_engines);
    private Process? _daemon;
    private string _missing = "";

    public string Folder { get; } = Directory.CreateTempSubdirectory("rpi-eng-").FullName;

    public string Socket => Path.Join(Folder, "docker.sock");

    /// <summary>sha256:… of <see cref="Image"/>; another in each engine, as it carries the time of its making.</summary>
    public string ImageId { get; private set; } = "";

    internal DockerEngine Engine { get; private set; } = null!;

    private string Namespace => $"rpi-eng-{_number.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Call first in every test.</summary>
    public void RequireEngine() => Needed.Have(_missing.Length == 0, _missing);

    public async ValueTask InitializeAsync()
    {
        _missing = Missing();
        Engine = NewEngine();
        if (_missing.Length > 0)
        {
            return;
        }

        await Shell.RunAsync($"ip netns del {Namespace} 2>/dev/null; ip netns add {Namespace} && ip -n {Namespace} link set lo up && ip -n {Namespace} link add eth0 type bridge && ip -n {Namespace} addr add 10.99.0.1/24 dev eth0 && ip -n {Namespace} link set eth0 up");
        await StartAsync();
        await Shell.RunAsync(
            $"mkdir -p {Folder}/img/bin && cp \"{BusyBox}\" {Folder}/img/bin/busybox && for a in sh sleep echo cat nslookup touch true false; do ln -sf busybox {Folder}/img/bin/$a; done && "
            + $"tar --sort=name --mtime=@0 --owner=0 --group=0 -C {Folder}/img -c . | {Docker} import -c 'CMD [\"/bin/sh\"]' - {Image}");
        ImageId = (await Shell.RunAsync($"{Docker} image inspect -f '{{{{.Id}}}}' {Image}")).Trim();
    }

    /// <summary>The client program with this engine; 20.10 and newer take the same words.</summary>
    public string Docker => $"docker -H unix://{Socket}";

    internal DockerEngine NewEngine() => new(new EngineConnection(Socket, EngineConnection.NoHold, TimeProvider.System, NullLogger<EngineConnection>.Instance));

    /// <summary>Starts the daemon and waits until it answers.</summary>
    public async Task StartAsync()
    {
        // cgroup v1 hosts may lack the hierarchies that dockerd wants for itself; a mount namespace keeps ours away from others.
        const string Cgroups =
            "if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then mount -o remount,rw /sys/fs/cgroup; for c in net_cls,net_prio perf_event hugetlb; do "
            + "mkdir -p /sys/fs/cgroup/$c; mount -t cgroup -o $c cgroup /sys/fs/cgroup/$c || true; done; fi; ";
        ProcessStartInfo start = new("unshare") { UseShellExecute = false };
        foreach (string argument in (string[])["-m", "--propagation", "private", "nsenter", $"--net=/run/netns/{Namespace}", "sh", "-c",
            $"{Cgroups} exec dockerd --data-root {Folder}/root --exec-root {Folder}/exec -H unix://{Socket} -p {Folder}/pid --bip 172.29.0.1/24 >>{Folder}/log 2>&1"])
        {
            start.ArgumentList.Add(argument);
        }

        _daemon = Process.Start(start)!;
        for (int i = 0; i < 300; i++)
        {
            try
            {
                await Engine.PingAsync(TestContext.Current.CancellationToken);
                return;
            }
            catch (EngineException)
            {
                Assert.False(_daemon.HasExited, $"dockerd has ended; see {Folder}/log");
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }

        Assert.Fail($"dockerd did not answer within 30 s; see {Folder}/log");
    }

    /// <summary>Ends the daemon and with it its containers, as a reboot does.</summary>
    public async Task StopAsync()
    {
        if (_daemon is { HasExited: false } daemon && File.Exists($"{Folder}/pid"))
        {
            await Shell.RunAsync($"kill $(cat {Folder}/pid)");
            await daemon.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        _daemon?.Dispose();
        _daemon = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_missing.Length == 0)
        {
            await Shell.RunAsync($"{Docker} swarm leave --force >/dev/null 2>&1; {Docker} ps -aq | xargs -r {Docker} rm -f >/dev/null 2>&1; true");
            await StopAsync();
            await Shell.RunAsync($"ip netns del {Namespace}; umount {Folder}/exec/netns/* {Folder}/root/* 2>/dev/null; true");
        }

        await Shell.RunAsync($"rm -rf {Folder}");
    }

    private static string Missing() =>
        Environment.UserName != "root" ? "needs root"
        : Needed.Program("dockerd") is null ? "the program dockerd is not installed (package docker.io)"
        : BusyBox is not { Length: > 0 } ? "a statically linked busybox is not here: tests/run.sh unpacks the package busybox-static and sets RPI_TEST_BUSYBOX"
        : "";

    private static string? BusyBox => Environment.GetEnvironmentVariable("RPI_TEST_BUSYBOX");
}
