using System.CommandLine;
using System.Globalization;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl ssh-key</c>: the public keys that let operators in on every node.</summary>
internal static class SshKeyCommands
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    /// <summary>A node that is there has the keys within seconds; the others get them when they come.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static Command Create() => new("ssh-key", "The public keys that let operators in on every node.") { Add(), List(), Remove() };

    private static Command Add()
    {
        Argument<string> file = new("FILE") { Description = "The .pub file, or - for the standard input" };
        Option<string> user = new("--user") { Description = "Who one logs in as with it", HelpName = "USER", DefaultValueFactory = _ => "pi" };
        Option<string> name = new("--name") { Description = "What to call it; replaces the key of that name. Without, as its comment says", HelpName = "ID", DefaultValueFactory = _ => "" };
        return new Command("add", "Let the owner of a key in on every node, now and those to come.") { file, user, name }.Does(async (parsed, terminal, connection, cancel) =>
        {
            AddSshKeyRequest request = new() { Key = await ReadAsync(parsed.GetValue(file)!, cancel), User = parsed.GetValue(user), Id = parsed.GetValue(name) };
            SshKeyReply reply = await connection.AskAsync((client, options) => client.AddSshKeyAsync(request, options), cancel);
            terminal.Say($"{reply.Key.Id}: {reply.Key.Fingerprint} for {reply.Key.User}{(reply.Changed ? "" : ", as it was")}{(reply.Warning.Length > 0 ? $"; {reply.Warning}" : "")}");
            return await FollowAsync(terminal, connection, [reply.Key], reply.Revision, cancel);
        });
    }

    private static Command List() => new Command("ls", "List the keys, and how the nodes stand to them.").Does(async (_, terminal, connection, cancel) =>
    {
        ListSshKeysReply reply = await connection.AskAsync((client, options) => client.ListSshKeysAsync(new ListSshKeysRequest(), options), cancel);
        SshKeysJson all = SshKeysJson.Of(reply.Keys, await NodesAsync(connection, cancel), reply.Revision);
        if (terminal.Json)
        {
            terminal.Result(all, CliJson.Pretty.SshKeysJson);
            return ExitCodes.Ok;
        }

        terminal.Table(["ID", "USER", "TYPE", "FINGERPRINT", "ADDED"], reply.Keys.Select(key => new[]
        {
            key.Id, key.User, key.Key.Split(' ')[0], key.Fingerprint, key.AddedAt.ToDateTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
        }));
        Remark(terminal, all.Nodes.Where(node => reply.Revision.Length > 0 && (node.State != "applied" || node.Problems.Count > 0)));
        return ExitCodes.Ok;
    });

    private static Command Remove()
    {
        Argument<string> id = new("ID") { Description = "As `rpictl ssh-key ls` prints it" };
        Option<bool> force = new("--force") { Description = "Also where nobody can log in without it" };
        return new Command("rm", "Take a key away on every node. The last key of a node stays there, unless forced.") { id, force }.Does(async (parsed, terminal, connection, cancel) =>
        {
            RemoveSshKeyRequest request = new() { Id = parsed.GetValue(id), Force = parsed.GetValue(force) };
            SshKeyReply reply = await connection.AskAsync((client, options) => client.RemoveSshKeyAsync(request, options), cancel);
            return await FollowAsync(terminal, connection, [], reply.Revision, cancel);
        });
    }

    /// <summary>Waits for the nodes that are connected, and says what each of them could not do.</summary>
    private static async Task<int> FollowAsync(Terminal terminal, Connection connection, SshKeyInfo[] keys, string revision, CancellationToken cancel)
    {
        long begin = TimeProvider.System.GetTimestamp();
        while (true)
        {
            NodeInfo[] nodes = await NodesAsync(connection, cancel);
            SshKeysJson all = SshKeysJson.Of(keys, nodes, revision);
            bool isWaiting = all.Nodes.Zip(nodes).Any(pair => pair.First.State == "pending" && pair.Second.State is "ready" or "drained");
            if (isWaiting && TimeProvider.System.GetElapsedTime(begin) < Patience)
            {
                await Task.Delay(Look, TimeProvider.System, cancel);
                continue;
            }

            if (terminal.Json)
            {
                terminal.Result(all, CliJson.Pretty.SshKeysJson);
            }
            else
            {
                Remark(terminal, all.Nodes.Where(node => node.State != "applied" || node.Problems.Count > 0));
                terminal.Say($"done on {all.Nodes.Count(node => node.State == "applied")} of {all.Nodes.Count} nodes");
            }

            return all.Nodes.Any(node => node.State == "failed") ? ExitCodes.Refused : ExitCodes.Ok;
        }
    }

    private static void Remark(Terminal terminal, IEnumerable<SshNodeJson> nodes)
    {
        foreach (SshNodeJson node in nodes)
        {
            terminal.Say($"{node.Node}: {(node.State == "pending" ? "gets it when it is back" : string.Join("; ", node.Problems))}");
        }
    }

    /// <summary>What is not a public key does not leave this machine.</summary>
    private static async Task<string> ReadAsync(string file, CancellationToken cancel)
    {
        try
        {
            string text = file == "-" ? await Console.In.ReadToEndAsync(cancel) : await File.ReadAllTextAsync(file, cancel);
            if (SshPublicKey.TryRead(text, out SshPublicKey? key, out string problem))
            {
                return key.Line;
            }

            string hint = file != "-" && File.Exists($"{file}.pub") ? $" (did you mean {file}.pub?)" : "";
            throw new CliFailure(ExitCodes.Usage, $"E_BAD_SSH_KEY: {(file == "-" ? "the standard input" : file)}: {problem}{hint}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure(ExitCodes.Usage, $"{file} cannot be read: {e.Message}", e);
        }
    }

    private static async Task<NodeInfo[]> NodesAsync(Connection connection, CancellationToken cancel) =>
        [.. (await connection.AskAsync((client, options) => client.ListNodesAsync(new ListNodesRequest(), options), cancel)).Nodes];
}
