using System.Collections.Immutable;
using System.Text.Json;
using RpiAgent.Consul;
using RpiAgent.Coordinator.Enrolment;
using RpiAgent.Coordinator.Model;
using RpiAgent.Protos;
using RpiAgent.Tests.Integration.Support;
using Xunit;

namespace RpiAgent.Tests.Integration.Admin;

/// <summary>rpictl against a real admin service over mTLS, with its stores in a real Consul.</summary>
public sealed class RpiCtlTests(ConsulServer consul) : IClassFixture<ConsulServer>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rpictl-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_token_is_made_listed_and_revoked()
    {
        await using AdminServer server = await StartAsync();
        (int code, string output, string words) = await server.RpiCtlAsync(consul, "token", "create", "--uses", "3", "--ttl", "2h", "--note", "kitchen");
        Assert.Equal(0, code);
        Assert.Matches(@"^rpi1\.[0-9a-f]{64}\.[A-Za-z0-9_-]{43}\n$", output);
        Assert.Contains("Good for 3 nodes until", words, StringComparison.Ordinal);

        JsonElement token = Json(await server.RpiCtlAsync(consul, "token", "ls", "--json")).EnumerateArray().Single(one => one.GetProperty("note").GetString() == "kitchen");
        Assert.Equal(("usable", 3), (token.GetProperty("state").GetString(), token.GetProperty("usesLeft").GetInt32()));

        string id = token.GetProperty("id").GetString()!;
        Assert.Equal("revoked", Json(await server.RpiCtlAsync(consul, "token", "revoke", id, "--json")).GetProperty("state").GetString());
        (code, _, words) = await server.RpiCtlAsync(consul, "token", "revoke", "ffffffffffff");
        Assert.Equal((ExitCodes.Refused, true), (code, words.StartsWith("no token, or more than one", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_card_that_is_not_written_leaves_no_token_that_lets_somebody_in()
    {
        await using AdminServer server = await StartAsync();
        string card = Directory.CreateDirectory(Path.Join(_folder, "card")).FullName;
        (int code, _, string words) = await server.RpiCtlAsync(consul, "card", "prepare", card, "--hostname", "first");
        Assert.Equal((0, true), (code, words.Contains("This is no boot partition of a Pi: copy rpi-agent.yaml to one", StringComparison.Ordinal)));

        Write("card/rpi-agent.yaml", "version: 1\n");
        Assert.Equal(ExitCodes.Refused, (await server.RpiCtlAsync(consul, "card", "prepare", card, "--hostname", "refused")).Code);
        File.Delete(Path.Join(card, "rpi-agent.yaml"));
        Directory.CreateDirectory(Path.Join(card, "rpi-agent.yaml")); // in the way of the file
        Assert.Equal(ExitCodes.Refused, (await server.RpiCtlAsync(consul, "card", "prepare", card, "--hostname", "failed")).Code);

        Assert.Equal(["rpi-agent.yaml"], Directory.GetFileSystemEntries(card).Select(path => Path.GetFileName(path)));
        Dictionary<string, string> tokens = Json(await server.RpiCtlAsync(consul, "token", "ls", "--json")).EnumerateArray()
            .Where(one => one.GetProperty("note").GetString()!.StartsWith("card ", StringComparison.Ordinal))
            .ToDictionary(one => one.GetProperty("note").GetString()!, one => one.GetProperty("state").GetString()!);
        Assert.Equal(new Dictionary<string, string> { ["card first"] = "usable", ["card failed"] = "revoked" }, tokens);
    }

    [Fact]
    public async Task A_stack_is_deployed_changed_and_removed_with_the_files_and_variables_it_asks_for()
    {
        await using AdminServer server = await StartAsync();
        string file = Write("compose.yaml", "services:\n  web:\n    image: caddy:${TAG:-2}\n    env_file: web.env\n    environment: [WHO]\n");
        Write("web.env", "A=1\n");
        Write(".env", "TAG=3\nWHO=me # comment\n");
        JsonElement done = Json(await server.RpiCtlAsync(consul, "stack", "deploy", "shop", file, "--detach", "--json"));
        Assert.Equal(["create shop.web", "create network shop_default"], done.GetProperty("changes").EnumerateArray().Select(change => change.GetString()));
        StackSpec stack = (await server.Stacks.FindAsync("shop", TestContext.Current.CancellationToken))!.Value;
        Assert.Equal(("caddy:3", "A=1,WHO=me"), (stack.Workloads[0].Container.Image, string.Join(',', stack.Workloads[0].Container.Environment)));

        Assert.Contains("Nothing to change.", (await server.RpiCtlAsync(consul, "stack", "deploy", "shop", file, "-d")).Words, StringComparison.Ordinal);
        Write("web.env", "A=2\n");
        Assert.Contains("update shop.web", (await server.RpiCtlAsync(consul, "stack", "deploy", "shop", "-f", file, "-d")).Words, StringComparison.Ordinal);

        JsonElement replica = Json(await server.RpiCtlAsync(consul, "stack", "ps", "shop", "--json")).EnumerateArray().Single();
        Assert.Equal(("pending", "not placed yet"), (replica.GetProperty("state").GetString(), replica.GetProperty("message").GetString()));

        Assert.Equal(0, (await server.RpiCtlAsync(consul, "stack", "rm", "shop")).Code);
        Assert.Null(await server.Stacks.FindAsync("shop", TestContext.Current.CancellationToken));
        (int code, _, string words) = await server.RpiCtlAsync(consul, "stack", "rm", "shop");
        Assert.Equal((ExitCodes.Refused, true), (code, words.Contains("there is no stack 'shop'", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_bad_Compose_file_gives_78_with_every_problem_and_stores_nothing()
    {
        await using AdminServer server = await StartAsync();
        string file = Write("bad.yaml", "services:\n  web:\n    imagee: x\n    privileged: true\n");
        (int code, string output, string words) = await server.RpiCtlAsync(consul, "stack", "deploy", "bad", file);
        Assert.Equal((ExitCodes.Configuration, ""), (code, output));
        Assert.Contains($"{file}:3:5: services.web.imagee: no such key here; did you mean 'image'?", words, StringComparison.Ordinal);
        Assert.Contains($"{file}:4:5: services.web.privileged: not supported", words, StringComparison.Ordinal);
        Assert.Null(await server.Stacks.FindAsync("bad", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_deployment_waits_until_everything_runs()
    {
        await using AdminServer server = await StartAsync();
        string file = Write("compose.yaml", "services:\n  web: {image: 'caddy:2'}\n");
        Task<(int Code, string Output, string Words)> deploying = server.RpiCtlAsync(consul, "stack", "deploy", "wait", file);
        ClusterSnapshot seen = await server.State.WaitUntilAsync(cluster => cluster.Stacks.ContainsKey("wait"), TestContext.Current.CancellationToken);
        await Task.Delay(TimeSpan.FromMilliseconds(700), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.False(deploying.IsCompleted);
        Run(server, seen.Stacks["wait"].Workloads[0]);
        (int code, string output, _) = await deploying;
        Assert.Equal(0, code);
        Assert.Matches(@"wait\.web\.1\s+pi1\s+running", output);
    }

    [Fact]
    public async Task A_plan_shows_where_and_why_not_and_stores_nothing()
    {
        await using AdminServer server = await StartAsync();
        string file = Write("compose.yaml", "services:\n  web: {image: 'caddy:2'}\n");
        (int code, string output, _) = await server.RpiCtlAsync(consul, "stack", "plan", "planned", file);
        Assert.Equal(0, code);
        Assert.Matches(@"planned\.web\.1\s+create\s+pi1\s+fewest containers\s+pi1 100\s+pi2: port 80 is taken", output);
        Assert.Null(await server.Stacks.FindAsync("planned", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Nodes_are_listed_inspected_and_labelled()
    {
        await using AdminServer server = await StartAsync();
        await PutNodeAsync("pi7");
        Assert.Equal(0, (await server.RpiCtlAsync(consul, "node", "label", "pi7", "zone=a", "disk=ssd")).Code);
        JsonElement node = Json(await server.RpiCtlAsync(consul, "node", "inspect", "pi7", "--json"));
        Assert.Equal(("ready", "192.168.1.107", "a"),
            (node.GetProperty("state").GetString(), node.GetProperty("address").GetString(), node.GetProperty("labels").GetProperty("zone").GetString()));
        Assert.Matches(@"pi7\s+192\.168\.1\.107\s+ready", (await server.RpiCtlAsync(consul, "node", "ls")).Output);
        Assert.Equal(0, (await server.RpiCtlAsync(consul, "node", "status")).Code);

        (int code, _, string words) = await server.RpiCtlAsync(consul, "node", "label", "pi7", "architecture=x");
        Assert.Equal((ExitCodes.Usage, "'architecture' is known from the node itself and cannot be set\n"), (code, words));
        (code, _, words) = await server.RpiCtlAsync(consul, "node", "inspect", "pi99");
        Assert.Equal((ExitCodes.Refused, true), (code, words.StartsWith("there is no node 'pi99'; the nodes are", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_change_of_address_is_followed_until_the_certificate_of_the_new_one_is_taken_too()
    {
        await using AdminServer server = await StartAsync();
        CancellationToken cancel = TestContext.Current.CancellationToken;
        await PutNodeAsync("pi5");
        consul.Options.DockerClients = "the clients' CA"; // the engine's certificate is part of the configuration
        try
        {
            Task<(int Code, string Output, string Words)> following = server.RpiCtlAsync(consul, "node", "address", "pi5", "192.168.1.115");
            NodeView moved = Pi5(await server.State.WaitUntilAsync(cluster => Pi5(cluster).Record.Address == "192.168.1.115/24", cancel));

            // The node asks for a certificate of its new address as soon as it has that.
            using ConsulClient client = consul.NewClient();
            NodeRecord renewed = (await new NodeStore(client).UpdateAsync(moved.Id, record => record with { CertificateSerial = "2" }, cancel))!;
            await server.State.WaitUntilAsync(cluster => Pi5(cluster).Record.CertificateSerial == "2", cancel);
            Config(moved, moved.Record);
            await Task.Delay(TimeSpan.FromSeconds(2.5), TimeProvider.System, cancel);
            Assert.False(following.IsCompleted);
            Config(moved, renewed);
            (int code, _, string words) = await following;
            Assert.Equal((0, true), (code, words.EndsWith("pi5: applied, 192.168.1.115/24\n", StringComparison.Ordinal)));
        }
        finally
        {
            consul.Options.DockerClients = "";
        }

        static NodeView Pi5(ClusterSnapshot cluster) => cluster.Nodes.Values.Single(node => node.Name == "pi5");

        // Configured as this record wants it.
        void Config(NodeView node, NodeRecord record) => server.State.Update(cluster => cluster with
        {
            Nodes = cluster.Nodes.SetItem(node.Id, cluster.Nodes[node.Id] with
            {
                Status = new NodeStatusView { EngineUp = true, Config = new ConfigView(NodeSpecs.For(record, consul.Options, "").Revision, "applied", "") },
            }),
        });
    }

    [Fact]
    public async Task An_image_is_streamed_and_its_refusal_is_told()
    {
        await using AdminServer server = await StartAsync();
        await PutNodeAsync("pi8");
        string file = Path.Join(_folder, "image.tar");
        await File.WriteAllBytesAsync(file, new byte[3_000_000], TestContext.Current.CancellationToken);
        JsonElement image = Json(await server.RpiCtlAsync(consul, "image", "load", file, "--node", "pi8", "--json")).EnumerateArray().Single();
        Assert.Equal((3_000_000, "pi8"), (image.GetProperty("sizeBytes").GetInt32(), image.GetProperty("nodes")[0].GetString()));
        (int code, _, string words) = await server.RpiCtlAsync(consul, "image", "load", file, "--everywhere");
        Assert.Equal((ExitCodes.Refused, "no node can run it\n"), (code, words));
        Assert.Equal(ExitCodes.Usage, (await server.RpiCtlAsync(consul, "image", "load", Path.Join(_folder, "gone.tar"))).Code);
    }

    [Fact]
    public async Task Logs_come_in_whole_lines_and_one_silent_node_does_not_silence_the_rest()
    {
        await using AdminServer server = await StartAsync();
        string file = Write("compose.yaml", "services:\n  web: {image: 'caddy:2', deploy: {replicas: 2}}\n");
        await server.RpiCtlAsync(consul, "stack", "deploy", "talk", file, "-d");
        ClusterSnapshot seen = await server.State.WaitUntilAsync(cluster => cluster.Stacks.ContainsKey("talk"), TestContext.Current.CancellationToken);
        Run(server, seen.Stacks["talk"].Workloads[0], 1, 2);
        string[] lines = (await server.RpiCtlAsync(consul, "stack", "logs", "talk", "web")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("web.1@pi1 | first line", lines);
        Assert.Contains("web.1@pi1 | oops", lines);
        Assert.Contains("web.1@pi1 | last", lines);
        Assert.Contains("web.2@pi1 | rpictl: its log cannot be read: pi1 does not answer", lines);
        (int code, _, string words) = await server.RpiCtlAsync(consul, "stack", "logs", "talk", "db");
        Assert.Equal((ExitCodes.Refused, "the stack 'talk' has no service 'db'; it has web\n"), (code, words));
    }

    [Fact]
    public async Task A_coordinator_that_does_not_lead_names_the_one_that_does()
    {
        await using AdminServer leader = await StartAsync();
        await using AdminServer follower = await StartAsync();
        follower.State.Update(cluster => cluster with { Leader = new LeaderView(5, leader.Url.Authority, false, null) });
        Assert.Equal(0, (await follower.RpiCtlAsync(consul, "stack", "ls", "--json")).Code);
        Assert.Contains($"{leader.Url.Authority} leads (epoch 5)", (await follower.RpiCtlAsync(consul, "version")).Output, StringComparison.Ordinal);

        follower.State.Update(cluster => cluster with { Leader = LeaderView.None });
        (int code, _, string words) = await follower.RpiCtlAsync(consul, "stack", "ls");
        Assert.Equal((ExitCodes.Unreachable, "no coordinator leads at the moment; try again in a few seconds\n"), (code, words));
    }

    [Fact]
    public async Task Who_cannot_be_reached_or_trusted_is_told_apart()
    {
        await using AdminServer server = await StartAsync();
        (int code, _, string words) = await server.RpiCtlAsync(consul, "node", "ls", "--coordinator", $"https://127.0.0.1:{FreePorts.Take(1)[0]}");
        Assert.Equal((ExitCodes.Unreachable, true), (code, words.StartsWith("no coordinator answers at 127.0.0.1:", StringComparison.Ordinal)));

        (code, _, words) = await server.RpiCtlAsync(consul, "node", "ls", "--credentials", _folder);
        Assert.Equal((ExitCodes.Configuration, true), (code, words.StartsWith($"no operator's certificate in {_folder}", StringComparison.Ordinal)));

        // A coordinator of another cluster: its certificate is not of our CA.
        ConsulServer other = new();
        await using (other)
        {
            await other.InitializeAsync();
            (code, _, words) = await server.RpiCtlAsync(consul, "node", "ls", "--credentials", other.Options.StateDirectory);
            Assert.Equal((ExitCodes.Refused, true), (code, words.StartsWith("no trust between this operator and", StringComparison.Ordinal)));
        }
    }

    private async Task<AdminServer> StartAsync()
    {
        consul.RequireConsul();
        return await AdminServer.StartAsync(consul);
    }

    private string Write(string name, string text)
    {
        string path = Path.Join(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private async Task PutNodeAsync(string name)
    {
        NodeRecord record = new()
        {
            Id = new NodeId(Guid.NewGuid().ToString()), Name = name, Address = $"192.168.1.10{name[^1]}/24", Hardware = new HardwareFacts { Model = "Raspberry Pi 4" },
        };
        using ConsulClient client = consul.NewClient();
        await client.Transactions.RunAsync([NodeStore.Put(record, 0)], TestContext.Current.CancellationToken);
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    /// <summary>As if a node had been told to run these replicas and said that it does.</summary>
    private static void Run(AdminServer server, WorkloadSpec workload, params int[] indices)
    {
        int[] all = indices.Length == 0 ? [1] : indices;
        NodeId id = new("11111111-1111-1111-1111-111111111111");
        server.State.Update(cluster => cluster with
        {
            Nodes = cluster.Nodes.SetItem(id, new NodeView(
                new NodeRecord { Id = id, Name = "pi1", Address = "192.168.1.101/24", Hardware = new HardwareFacts() }, true, null, true, false, DateTimeOffset.UnixEpoch,
                new NodeStatusView
                {
                    EngineUp = true,
                    Containers = [.. all.Select(index => new ContainerView(new ReplicaId(workload.Id, index), "c", "i", "h", "running", "", "", 0, null, 0, false, "n", []))],
                },
                null)),
            Assignments = cluster.Assignments.SetItem(id, new NodeAssignment
            {
                Node = id,
                Version = new AssignmentVersion(5, 1),
                Replicas = [.. all.Select(index => new AssignedReplica(new ReplicaId(workload.Id, index), workload.Stack, workload.Container, "h", ""))],
            }),
        });
    }

    private static JsonElement Json((int Code, string Output, string Words) result)
    {
        Assert.True(result.Code == 0, $"{result.Code}: {result.Words}");
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }
}
