using Grpc.Core;
using RpiAgent.Tests.Integration.Support;
using Xunit;
using Wire = RpiAgent.Protos.Wire;

namespace RpiAgent.Tests.Integration.Containers;

/// <summary>The reconciler against a real engine, driven as the coordinator drives it.</summary>
public sealed class ContainerTests(DockerEngineFixture docker) : IClassFixture<DockerEngineFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);
    private readonly TestCluster _cluster = new();
    private readonly string _state = Directory.CreateTempSubdirectory("rpi-agent-").FullName;
    private AgentUnderTest _agent = null!;
    private ulong _generation;

    public async ValueTask InitializeAsync()
    {
        docker.RequireEngine();
        _agent = await StartAgentAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await ApplyAsync();
            await Eventually.HoldsAsync(() => Ours().Length == 0, Soon);
            await _agent.DisposeAsync();
        }

        _cluster.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task A_container_is_created_replaced_when_its_hash_changes_and_removed_when_absent()
    {
        await ApplyAsync(Replica("t.web", "h1", "sleep 1000"));
        await Eventually.HoldsAsync(() => State("t.web") == "running", Soon);
        string first = Ours().Single().ContainerId;
        Assert.Equal("t.web h1", (await Shell.RunAsync($"{docker.Docker} inspect -f '{{{{index .Config.Labels \"rpi.workload\"}}}} {{{{index .Config.Labels \"rpi.hash\"}}}}' {first}")).Trim());

        await ApplyAsync(Replica("t.web", "h2", "sleep 2000"));
        await Eventually.HoldsAsync(() => Ours() is [{ SpecHash: "h2", State: "running" } one] && one.ContainerId != first, Soon);

        await ApplyAsync();
        await Eventually.HoldsAsync(() => Ours().Length == 0, Soon);
    }

    /// <summary>It may be another engine, with nothing in it: neither is told that the containers are gone, nor are they made anew in it.</summary>
    [Fact]
    public async Task An_engine_whose_options_are_being_tried_is_neither_told_of_nor_given_containers()
    {
        await ApplyAsync(Replica("t.web", "h1", "sleep 1000"));
        await Eventually.HoldsAsync(() => State("t.web") == "running", Soon);
        string marker = Path.Join(_state, "docker", "txn.json");
        Directory.CreateDirectory(Path.GetDirectoryName(marker)!);
        await File.WriteAllTextAsync(marker, """{"id":"1","iface":"docker","backend":"engine","boot_id":"b","phase":"applied","deadline_s":45,"requested_by":"coordinator","reason":"r"}""", TestContext.Current.CancellationToken);
        await Shell.RunAsync($"{docker.Docker} rm -f {Ours().Single().ContainerId}");
        _agent.Reconciler.RetryNetworks(); // a reason to look
        await Task.Delay(TimeSpan.FromSeconds(4), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal("running", State("t.web"));
        Assert.Equal("", (await Shell.RunAsync($"{docker.Docker} ps -aq --filter label=rpi.workload=t.web")).Trim());

        File.Delete(marker);
        await Eventually.HoldsAsync(async () => (await Shell.RunAsync($"{docker.Docker} ps -q --filter label=rpi.workload=t.web")).Trim().Length > 0, Soon);
    }

    [Fact]
    public async Task Foreign_containers_and_volumes_are_never_touched()
    {
        string theirs = (await Shell.RunAsync($"{docker.Docker} run -d --label rpi.workload=mine --name theirs {DockerEngineFixture.Image} sleep 1000")).Trim();
        Wire.Replica replica = Replica("t.data", "h1", "echo kept > /data/file; sleep 1000");
        replica.Container.Mounts.Add(new Wire.Mount { Type = "volume", Source = "t_data", Target = "/data" });
        await ApplyAsync(replica);
        await Eventually.HoldsAsync(() => State("t.data") == "running", Soon);
        await ApplyAsync();
        await Eventually.HoldsAsync(() => Ours().Length == 0, Soon);

        Assert.Equal("true", (await Shell.RunAsync($"{docker.Docker} inspect -f '{{{{.State.Running}}}}' {theirs}")).Trim());
        Assert.True(_agent.Board.Now().Containers.Single(container => container.Workload == "theirs").Foreign);
        Assert.Equal("kept", (await Shell.RunAsync($"{docker.Docker} run --rm -v t_data:/data {DockerEngineFixture.Image} cat /data/file")).Trim());
        await Shell.RunAsync($"{docker.Docker} rm -f theirs");
    }

    [Fact]
    public async Task A_replica_starts_after_the_one_it_needs_and_its_output_can_be_read()
    {
        Wire.Replica second = Replica("t.second", "h1", "echo out; echo err >&2; sleep 1000");
        second.StartsAfter.Add("t.zfirst");
        await ApplyAsync(second, Replica("t.zfirst", "h1", "sleep 1000"));
        await Eventually.HoldsAsync(() => State("t.second") == "running" && State("t.zfirst") == "running", Soon);
        Assert.True(Ours().Single(c => c.Workload == "t.second").StartedAt >= Ours().Single(c => c.Workload == "t.zfirst").StartedAt);

        await Eventually.HoldsAsync(async () => (await LogsAsync("t.second")) is { Out: "out\n", Err: "err\n" }, Soon);
        RpcException missing = await Assert.ThrowsAsync<RpcException>(() => LogsAsync("t.nobody"));
        Assert.Equal((StatusCode.NotFound, "t.nobody.1 has no container on this node"), (missing.StatusCode, missing.Status.Detail));
    }

    [Fact]
    public async Task A_crash_loop_is_slowed_down_and_ends_after_the_allowed_attempts()
    {
        Wire.Replica crashing = Replica("t.crash", "h1", "exit 3");
        crashing.Container.Restart = new Wire.RestartPolicy { Condition = "on-failure", MaxAttempts = 3 };
        await ApplyAsync(crashing);
        await Eventually.HoldsAsync(() => State("t.crash") == "failed", Soon);
        Wire.ContainerStatus status = Ours().Single();
        Assert.Equal((3u, 3), (status.Restarts, status.ExitCode));
        Assert.Equal("ended with exit code 3", status.Message);
    }

    [Fact]
    public async Task A_missing_network_is_named_and_the_container_comes_as_soon_as_it_is_there()
    {
        Wire.Replica replica = Replica("t.net", "h1", "sleep 1000");
        replica.Container.Networks.Add(new Wire.NetworkAttachment { Name = "t_late", Aliases = { "net" } });
        await ApplyAsync(replica);
        await Eventually.HoldsAsync(() => Ours() is [{ State: "waiting" } waiting] && waiting.Message.Contains("t_late not found", StringComparison.Ordinal), Soon);
        await Shell.RunAsync($"{docker.Docker} network create t_late");
        await Eventually.HoldsAsync(() => State("t.net") == "running", TimeSpan.FromSeconds(10));
        await ApplyAsync();
        await Eventually.HoldsAsync(() => Ours().Length == 0, Soon);
        await Shell.RunAsync($"{docker.Docker} network rm t_late");
    }

    [Fact]
    public async Task After_engine_and_agent_were_down_the_ledger_alone_brings_the_containers_back()
    {
        await ApplyAsync(Replica("t.a", "h1", "sleep 1000"), Replica("t.b", "h1", "sleep 1000"));
        await Eventually.HoldsAsync(() => State("t.a") == "running" && State("t.b") == "running", Soon);
        await _agent.DisposeAsync();
        await Shell.RunAsync($"{docker.Docker} rm -f t.a.1");
        await docker.StopAsync();

        _agent = await StartAgentAsync();
        await Eventually.HoldsAsync(() => _agent.Board.Now() is { EngineUp: false, EngineError.Length: > 0 }, Soon);
        await docker.StartAsync();
        await Eventually.HoldsAsync(() => State("t.a") == "running" && State("t.b") == "running", Soon);
        Assert.Equal(_generation, _agent.Board.Now().Held.Generation);
        Assert.True(_agent.Reconciler.SinceLastRound < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_damaged_ledger_leaves_the_containers_running_and_says_so()
    {
        await ApplyAsync(Replica("t.a", "h1", "sleep 1000"));
        await Eventually.HoldsAsync(() => State("t.a") == "running", Soon);
        await _agent.DisposeAsync();
        await File.WriteAllTextAsync(Path.Join(_state, "assignment"), "garbage", TestContext.Current.CancellationToken);

        _agent = await StartAgentAsync();
        await Eventually.HoldsAsync(() => _agent.Board.Now().Warnings.Any(warning => warning.Contains("containers are left as they are", StringComparison.Ordinal)), Soon);
        Assert.Equal("t.a.1", (await Shell.RunAsync($"{docker.Docker} ps --format '{{{{.Names}}}}' --filter label=rpi.hash")).Trim());
        await ApplyAsync(Replica("t.a", "h1", "sleep 1000"));
        await Eventually.HoldsAsync(() => State("t.a") == "running" && _agent.Board.Now().Warnings.Count == 0, Soon);
    }

    [Fact]
    public async Task Stale_and_conflicting_assignments_are_refused_by_the_contracts_codes()
    {
        await ApplyAsync(Replica("t.a", "h1", "sleep 1000"));
        Wire.ApplyRequest again = Request(_generation, Replica("t.a", "h1", "sleep 1000"));
        Assert.Equal(Wire.ApplyReply.Types.Outcome.AlreadyHeld, (await _agent.Client.ApplyAsync(again, cancellationToken: TestContext.Current.CancellationToken)).Outcome);
        Assert.Equal(StatusCode.AlreadyExists, await CodeAsync(Request(_generation, Replica("t.a", "h9", "sleep 1000"))));
        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(Request(_generation - 1)));
        Wire.ApplyRequest deposed = Request(_generation + 1);
        deposed.Assignment.Version.Epoch = 4;
        Assert.Equal(StatusCode.FailedPrecondition, await CodeAsync(deposed));
        Wire.ApplyRequest astray = Request(_generation + 1);
        astray.Assignment.NodeId = "other";
        Assert.Equal(StatusCode.InvalidArgument, await CodeAsync(astray));
    }

    private Task<AgentUnderTest> StartAgentAsync() => AgentUnderTest.StartAsync(_cluster, "n1", docker.Socket, _state);

    private async Task<StatusCode> CodeAsync(Wire.ApplyRequest request) =>
        (await Assert.ThrowsAsync<RpcException>(async () => await _agent.Client.ApplyAsync(request, cancellationToken: TestContext.Current.CancellationToken))).StatusCode;

    private Wire.ContainerStatus[] Ours() => [.. _agent.Board.Now().Containers.Where(container => !container.Foreign)];

    private string State(string workload) => Ours().FirstOrDefault(container => container.Workload == workload)?.State ?? "";

    private async Task ApplyAsync(params Wire.Replica[] replicas)
    {
        Wire.ApplyReply reply = await _agent.Client.ApplyAsync(Request(++_generation, replicas), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(Wire.ApplyReply.Types.Outcome.Accepted, reply.Outcome);
    }

    private static Wire.ApplyRequest Request(ulong generation, params Wire.Replica[] replicas) => new()
    {
        Assignment = new Wire.Assignment { NodeId = "n1", Version = new Wire.AssignmentVersion { Epoch = 5, Generation = generation }, Replicas = { replicas } },
    };

    private Wire.Replica Replica(string workload, string hash, string script) => new()
    {
        Workload = workload,
        Index = 1,
        Stack = "t",
        SpecHash = hash,
        Container = new Wire.ContainerSpec
        {
            Image = DockerEngineFixture.Image,
            ImageId = docker.ImageId,
            CommandSet = true,
            Command = { "/bin/sh", "-c", script },
            StopGrace = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(1)),
        },
    };

    private async Task<(string Out, string Err)> LogsAsync(string workload)
    {
        using AsyncServerStreamingCall<Wire.LogChunk> call = _agent.Client.ReadLogs(new Wire.ReadLogsRequest { Workload = workload, Index = 1 }, cancellationToken: TestContext.Current.CancellationToken);
        (string output, string errors) = ("", "");
        await foreach (Wire.LogChunk chunk in call.ResponseStream.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            string text = chunk.Data.ToStringUtf8();
            (output, errors) = chunk.Stderr ? (output, errors + text) : (output + text, errors);
        }

        return (output, errors);
    }
}
