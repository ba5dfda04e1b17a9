using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using RpiAgent.Consul;
using RpiAgent.Coordinator;
using RpiAgent.Coordinator.Setup;
using RpiAgent.Identity;
using Xunit;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>
/// A real Consul server with TLS and ACLs, exactly as `rpi-coordinator init` configures it, on free ports and in a folder of its own.
/// Use as class fixture; without a consul program its tests are skipped.
/// </summary>
public sealed class ConsulServer : IAsyncLifetime
{
    private readonly int[] _ports = FreePorts.Take(4);
    private Process? _process;

    /// <summary>Everything of this server, deleted at the end.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("rpi-consul-").FullName;

    /// <summary>As a coordinator on this machine would have them.</summary>
    internal CoordinatorOptions Options { get; private set; } = new();

    internal ClusterFiles Files => new(Options);

    public string ManagementToken => Files.LoadManagementToken();

    public async ValueTask InitializeAsync()
    {
        Options = new CoordinatorOptions
        {
            StateDirectory = Path.Join(Folder, "coordinator"),
            AdvertiseAddress = "127.0.0.1",
            Consul = new ConsulServerOptions
            {
                Port = _ports[0],
                RunDirectory = Path.Join(Folder, "coordinator", "consul"),
                DataDirectory = Path.Join(Folder, "data"),
            },
        };
        if (Needed.Program("consul") is null)
        {
            return; // RequireConsul tells
        }

        int made = await SetupCommand.RunAsync(Options, TestContext.Current.CancellationToken);
        Assert.Equal(0, made);
        await StartAsync();
    }

    /// <summary>Call first in every test.</summary>
    public void RequireConsul() => Needed.Have(_process is not null, "the program consul is not installed");

    /// <summary>A client with the coordinator's certificate and, unless another is given, the management token.</summary>
    public ConsulClient NewClient(string? token = null, int retries = 3) => new(
        new ConsulOptions
        {
            Urls = [Options.ConsulUrl],
            Token = token ?? ManagementToken,
            Tls = NewTls().ClientOptions(PeerRole.Consul),
            Retries = retries,
        },
        TimeProvider.System);

    /// <summary>TLS of the coordinator of this cluster.</summary>
    public ClusterTls NewTls() => new(
        new LiveCredentials(Files.Coordinator.Load()!), new TrustClock(TimeProvider.System), NullLogger<ClusterTls>.Instance);

    public async Task StartAsync()
    {
        ProcessStartInfo start = new("consul") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[
            "agent", "-config-file", Path.Join(Options.Consul.RunDirectory, "consul.json"),
            "-server-port", Text(_ports[1]), "-serf-lan-port", Text(_ports[2]), "-serf-wan-port", Text(_ports[3])])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        string log = Path.Join(Folder, "consul.log");
        DataReceivedEventHandler keep = (_, line) =>
        {
            lock (_ports)
            {
                File.AppendAllText(log, line.Data + "\n");
            }
        };
        _process.OutputDataReceived += keep;
        _process.ErrorDataReceived += keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await WaitForLeaderAsync(log);
    }

    /// <summary>As a power cut would.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private async Task WaitForLeaderAsync(string log)
    {
        using ConsulClient client = NewClient(retries: 0);
        for (int i = 0; i < 300 && !_process!.HasExited; i++)
        {
            try
            {
                // The management token works once the leader has loaded the ACLs.
                await client.KeyValue.PutAsync("ready", "1"u8.ToArray(), CancellationToken.None);
                return;
            }
            catch (ConsulException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
            }
        }

        throw new InvalidOperationException($"consul did not become ready: {string.Join('\n', File.ReadLines(log).TakeLast(20))}");
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
