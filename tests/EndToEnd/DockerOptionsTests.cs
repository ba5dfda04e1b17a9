using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using RpiAgent.Tests.EndToEnd.Support;
using Xunit;

namespace RpiAgent.Tests.EndToEnd;

/// <summary>
/// The engine's options, ordered by the coordinator: what breaks the engine is taken back, whatever happens meanwhile. pi1 has Debian's
/// docker.io, which reads /etc/default/docker; pi2 is given a unit as docker-ce has it, which does not.
/// </summary>
[Collection<EngineRig>]
public sealed class DockerOptionsTests(EngineRig cluster)
{
    private const string Settings = "/etc/rpi-coordinator/coordinator.json";
    private const string Marker = "/var/lib/rpi-agent/docker/txn.json";
    private static readonly string[] Good = ["--log-driver=local", "--log-opt=max-size=5m"];
    private static readonly string[] Boards = ["pi1", "pi2"];
    private readonly Rig _rig = cluster.Rig;

    [Fact]
    public async Task Options_that_break_the_engine_are_taken_back_and_containers_return()
    {
        await _rig.ShellAsync("pi2", """
            sed -e '/^EnvironmentFile=/d' -e 's/ \$DOCKER_OPTS//' /lib/systemd/system/docker.service >/etc/systemd/system/docker.service
            systemctl daemon-reload; grep -q '^ExecStart=[^$]*$' /etc/systemd/system/docker.service
            """);
        await OrderAsync(["--log-driver=local"]);
        await cluster.ConfiguredAsync();
        foreach (string pi in Boards)
        {
            await _rig.ShellAsync(pi, "tar -ch /bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*') 2>/dev/null | docker import - witness >/dev/null && docker run -d --restart always --name stayer witness /bin/sleep 1d");
        }

        string old = await FilesAsync(), unread = await _rig.ShellAsync("pi2", "cat /etc/default/docker");
        string[] engines = [await EngineAsync("pi1"), await EngineAsync("pi2")];
        try
        {
            // Refused before anything is written.
            await OrderAsync(["--cluster-store=consul://127.0.0.1:8500"]);
            await HaltedAsync("E_OPTION_REMOVED");
            await OrderAsync(["-H=tcp://0.0.0.0:2375"]);
            await HaltedAsync("E_INSECURE_DOCKER_TCP");
            Assert.Equal(old, await FilesAsync());
            Assert.Equal<string[]>(engines, [await EngineAsync("pi1"), await EngineAsync("pi2")]);

            // dockerd does not start with it. The first Pi finds out, the other is spared.
            TimeSpan without = await BreakAsync("--storage-driver=nonsense", "true", async pi =>
                Assert.Matches($"^{pi}: rolled-back: docker does not start with the new options .*driver not supported.*the old options are back and it runs", await HaltedAsync("rolled-back")));

            // The agent is killed in the middle of it, while the engine that is about to stop still answers; then the power fails in the middle
            // of it (the agent is held, for a failure is quick).
            TimeSpan killed = await BreakAsync("--storage-driver=rubbish", $"until grep -q '\"applied\"' {Marker}; do sleep 0.01; done && systemctl kill -s KILL rpi-agent", _ => HaltedAsync("rolled-back"));
            TimeSpan cut = await BreakAsync("--storage-driver=trash", "systemctl kill -s STOP rpi-agent", async pi =>
            {
                Assert.Contains("all is as it was before: the node restarted before the engine was known to run", await _rig.ShellAsync(pi, "journalctl -b -u rpi-agent-docker-rollback -o cat --no-pager"), StringComparison.Ordinal);
                await HaltedAsync("rolled-back: the node restarted before the engine was known to run"); // and not tried again and again
            }, async pi =>
            {
                await _rig.DoAsync("kill", pi);
                await _rig.DoAsync("start", pi);
            });

            // Engine 20.10 starts with a plugin that is not there and answers nobody, a later one does not start. The last starts without its containers.
            TimeSpan mute = await BreakAsync("--authorization-plugin=missing", "true", async _ => Assert.Matches("no answer within 35 s|docker does not start with the new options", await HaltedAsync("rolled-back")));
            TimeSpan empty = await BreakAsync("--data-root=/var/lib/docker/other", "true", async _ => Assert.Contains("docker started with the new options without its containers", await HaltedAsync("rolled-back"), StringComparison.Ordinal));
            Assert.Equal(old, await FilesAsync());
            TestContext.Current.TestOutputHelper?.WriteLine($"without an engine: {without.TotalSeconds:0.0} s, with the agent killed {killed.TotalSeconds:0.0} s, with a power cut {cut.TotalSeconds:0.0} s, mute {mute.TotalSeconds:0.0} s, empty {empty.TotalSeconds:0.0} s");

            // What works stays, where each unit reads it.
            await OrderAsync(Good);
            await cluster.ConfiguredAsync();
            foreach (string pi in Boards)
            {
                Assert.Equal("local", await _rig.ShellAsync(pi, "docker info -f '{{.LoggingDriver}}'"));
            }

            Assert.Contains("DOCKER_OPTS=\"--log-driver=local --log-opt=max-size=5m\"", await _rig.ShellAsync("pi1", "cat /etc/default/docker"), StringComparison.Ordinal);
            Assert.Contains("--log-driver=local --log-opt=max-size=5m", await _rig.ShellAsync("pi2", "cat /etc/systemd/system/docker.service.d/10-rpi-agent.conf"), StringComparison.Ordinal);
            Assert.Equal(unread, await _rig.ShellAsync("pi2", "cat /etc/default/docker"));
            foreach (string pi in Boards)
            {
                await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () => await _rig.ShellAsync(pi, "docker inspect -f '{{.State.Running}}' stayer") is var running && running == "true" ? null : running);
                Assert.Equal("", await _rig.ShellAsync(pi, $"ls {Marker} /var/lib/rpi-agent/docker/txn 2>/dev/null || true"));
            }

            // Nothing changed: nothing is restarted.
            engines = [await EngineAsync("pi1"), await EngineAsync("pi2")];
            await OrderAsync(Good);
            await cluster.StateAsync("pi1", isReady: true);
            await _rig.ShellAsync("pi1", "systemctl restart rpi-agent");
            await cluster.StateAsync("pi1", isReady: true);
            Assert.Equal<string[]>(engines, [await EngineAsync("pi1"), await EngineAsync("pi2")]);
        }
        finally
        {
            // With nothing under way any more: whoever comes next restarts engines, too.
            await OrderAsync(Good);
            await cluster.ConfiguredAsync();
            await _rig.ShellAsync("pi1", "docker rm -f stayer");
            await _rig.ShellAsync("pi2", "docker rm -f stayer");
        }
    }

    [Fact]
    public async Task The_TLS_port_is_open_on_request_and_to_docker_clients_alone()
    {
        const string ask = "version -f '{{.Server.Version}}'";
        Assert.Equal(["", ""], await Task.WhenAll(Boards.Select(PortAsync)));
        try
        {
            await OrderAsync(Good, tls: true);
            foreach (string pi in Boards)
            {
                await AnswersAsync(pi);
                Assert.Equal("600 root", await _rig.ShellAsync(pi, "stat -c '%a %U' /etc/docker/rpi-agent/key.pem"));
            }

            // A new address: the engine soon shows a certificate of it.
            string old = await _rig.DoAsync("rpictl", "node", "ip", "pi2");
            await _rig.DoAsync("rpictl", "node", "address", "pi2", $"{old[..old.LastIndexOf('.')]}.{(old.EndsWith(".147", StringComparison.Ordinal) ? 148 : 147)}");
            Assert.NotEqual(old, await _rig.DoAsync("rpictl", "node", "ip", "pi2"));
            await AnswersAsync("pi2");

            // Neither without a certificate, nor with one of a node or of the operator of the cluster.
            string engine = $"tcp://{await _rig.DoAsync("rpictl", "node", "ip", "pi2")}:2376";
            await RefusedAsync("pi1", $"timeout 5 docker -H {engine} {ask}");
            await RefusedAsync("pi1", $"timeout 5 docker -H {engine} --tls {ask}");
            await RefusedAsync("pi1", $"cd /var/lib/rpi-agent/identity && timeout 5 docker -H {engine} --tlsverify --tlscacert ca.pem --tlscert node.pem --tlskey node.key {ask}");
            await RefusedAsync("coordinator", $"cd /var/lib/rpi-coordinator && timeout 5 docker -H {engine} --tlsverify --tlscacert ca.pem --tlscert operator.pem --tlskey operator.key {ask}");
        }
        finally
        {
            await OrderAsync(Good);
            await cluster.ConfiguredAsync();
        }

        Assert.Equal(["", ""], await Task.WhenAll(Boards.Select(PortAsync)));

        Task AnswersAsync(string pi) => VirtualCluster.WaitAsync(TimeSpan.FromMinutes(2), async () =>
            (await _rig.TryAsync(TimeSpan.FromSeconds(30), "exec", "coordinator", "sh", "-c", $"eval \"$(rpictl node env {pi})\" && timeout 5 docker {ask}")) is { ExitCode: not 0 } failed ? failed.Errors : null);

        Task<string> PortAsync(string pi) => _rig.ShellAsync(pi, "ss -Hltn 'sport = 2376'");

        async Task RefusedAsync(string host, string command) => Assert.NotEqual(0, (await _rig.TryAsync(TimeSpan.FromSeconds(30), "exec", host, "sh", "-c", command)).ExitCode);
    }

    /// <summary>The coordinator reads its options when it starts.</summary>
    private async Task OrderAsync(string[] options, bool tls = false)
    {
        JsonNode settings = JsonNode.Parse(await _rig.ShellAsync("coordinator", $"cat {Settings}"))!;
        settings["Coordinator"]!["DockerOptions"] = JsonSerializer.SerializeToNode(options);
        settings["Coordinator"]!["DockerTls"] = tls;
        await _rig.ShellAsync("coordinator", $"cat >{Settings}.new <<'END'\n{settings.ToJsonString()}\nEND\nmv {Settings}.new {Settings} && systemctl restart rpi-coordinator");
    }

    /// <summary>Until the rollout is halted, for a reason with these words in it.</summary>
    private async Task<string> HaltedAsync(string words)
    {
        string halted = "";
        await VirtualCluster.WaitAsync(TimeSpan.FromMinutes(2), async () =>
        {
            RigResult status = await _rig.TryAsync(TimeSpan.FromSeconds(30), "rpictl", "rollout", "status", "--json");
            if (status.ExitCode != 0)
            {
                return status.Errors;
            }

            using JsonDocument rollout = JsonDocument.Parse(status.Output);
            halted = rollout.RootElement.GetProperty("halted").GetString() ?? "";
            return halted.Contains(words, StringComparison.Ordinal) ? null : status.Output;
        });
        return halted;
    }

    /// <param name="option">Ordered of all nodes; an engine does not start with it.</param>
    /// <param name="atOnce">Command on the first Pi as soon as its change is under way.</param>
    /// <param name="check">What must be told afterwards, of that Pi.</param>
    /// <param name="meanwhile">What happens to that Pi then.</param>
    /// <returns>From the beginning of its change to its engine answering again, with nothing under way any more.</returns>
    private async Task<TimeSpan> BreakAsync(string option, string atOnce, Func<string, Task> check, Func<string, Task>? meanwhile = null)
    {
        // Watched before it is ordered: from the marker to the end of it may take less than a second. Which Pi is first is the coordinator's choice.
        string[] before = [await EngineAsync("pi1"), await EngineAsync("pi2")];
        string end = $"/run/watch-{Guid.NewGuid():N}";
        Task<RigResult>[] watches = [.. Boards.Select(pi => _rig.TryAsync(TimeSpan.FromMinutes(3), "exec", pi, "sh", "-c",
            $"timeout 120 sh -c 'until [ -e {Marker} ] || [ -e {end} ]; do sleep 0.02; done'; [ -e {Marker} ] && {atOnce}"))];
        await OrderAsync([option]);
        int first = Array.IndexOf(watches, await Task.WhenAny(watches)), other = 1 - first;
        Stopwatch watch = Stopwatch.StartNew();
        string pi = Boards[first];
        await _rig.ShellAsync(Boards[other], $"touch {end}");
        Assert.Equal(0, (await watches[first]).ExitCode);
        await (meanwhile?.Invoke(pi) ?? Task.CompletedTask);
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () => await IsBackAsync(pi) ? null : $"{pi}'s engine is not back");
        TimeSpan without = watch.Elapsed;
        await VirtualCluster.WaitAsync(TimeSpan.FromSeconds(60), async () => await _rig.ShellAsync(pi, "docker inspect -f '{{.State.Running}}' stayer || true") is var running && running == "true" ? null : running);
        await check(pi);
        await watches[other];
        string after = await EngineAsync(Boards[other]);
        Assert.True(before[other] == after, $"{Boards[other]}'s engine was restarted, too ({before[other]}, {after}), {option} being tried on {pi}:\n{await JournalAsync(Boards[other], "docker rpi-agent")}\n{await JournalAsync("coordinator", "rpi-coordinator")}");
        return without;
    }

    private Task<string> JournalAsync(string host, string units) =>
        _rig.ShellAsync(host, $"journalctl --no-pager -o short-precise --since -120s {string.Join(' ', units.Split(' ').Select(unit => $"-u {unit}"))} | cut -c1-300 | tail -n 150");

    private async Task<bool> IsBackAsync(string pi) =>
        (await _rig.TryAsync(TimeSpan.FromSeconds(20), "exec", pi, "sh", "-c", $"[ ! -e {Marker} ] && timeout 3 docker version")).ExitCode == 0;

    private Task<string> EngineAsync(string pi) => _rig.ShellAsync(pi, "systemctl show docker -p MainPID");

    private async Task<string> FilesAsync() =>
        await _rig.ShellAsync("pi1", "cat /etc/default/docker") + await _rig.ShellAsync("pi2", "ls /etc/systemd/system/docker.service.d; cat /etc/default/docker");
}
