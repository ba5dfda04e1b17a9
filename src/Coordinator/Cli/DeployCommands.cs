using System.CommandLine;
using System.Globalization;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl stack deploy</c> and <c>plan</c>.</summary>
internal static class DeployCommands
{
    public static Command Deploy()
    {
        ComposeArguments words = new();
        Option<bool> detach = new("--detach", "-d") { Description = "Do not wait until everything runs" };
        Option<string> limit = new("--timeout") { Description = "How long to wait, like 90s or 10m", HelpName = "TIME", DefaultValueFactory = _ => "5m" };
        Command command = new("deploy", "Run a Compose file, or change what runs to what it says now.") { detach, limit };
        return words.AddTo(command).Does(async (parsed, terminal, connection, cancel) =>
        {
            TimeSpan patience = TokenCommands.ParseLifetime(parsed.GetValue(limit)!);
            ComposeFile file = await words.ReadAsync(parsed, cancel);
            DeployStackReply reply = await file.SettleAsync(
                request => AskAsync(connection, (client, options) => client.DeployStackAsync(request, options), cancel),
                one => (one.NeedsFiles, one.NeedsVariables));
            Warn(terminal, reply.Warnings);
            string stack = StackOf(file, reply.Changes);
            bool complete = true;
            IReadOnlyList<ReplicaInfo> replicas = [];
            if (!parsed.GetValue(detach) && stack.Length > 0)
            {
                (complete, replicas) = await new StackWatch(connection, terminal, TimeProvider.System).UntilSettledAsync(stack, patience, cancel);
            }

            if (terminal.Json)
            {
                terminal.Result(new DeployedJson(stack, [.. reply.Changes], [.. reply.Warnings], complete, [.. replicas.Select(ReplicaJson.Of)]), CliJson.Pretty.DeployedJson);
            }
            else
            {
                terminal.Say(reply.Changes.Count == 0 ? "Nothing to change." : string.Join('\n', reply.Changes));
                if (replicas.Count > 0)
                {
                    StackCommands.Show(terminal, replicas);
                }
            }

            return complete ? ExitCodes.Ok : ExitCodes.Unreachable;
        });
    }

    public static Command Plan()
    {
        ComposeArguments words = new();
        return words.AddTo(new Command("plan", "What deploying a Compose file would do to the running cluster, and why; changes nothing.")).Does(async (parsed, terminal, connection, cancel) =>
        {
            ComposeFile file = await words.ReadAsync(parsed, cancel);
            PlanStackReply plan = await file.SettleAsync(
                request => AskAsync(connection, (client, options) => client.PlanStackAsync(request, options), cancel),
                one => (one.NeedsFiles, one.NeedsVariables));
            Warn(terminal, plan.Warnings);
            if (terminal.Json)
            {
                terminal.Result(new PlanJson(StackOf(file, plan.Changes), [.. plan.Changes], [.. plan.Warnings], [.. plan.Replicas.Select(PlannedJson.Of)]), CliJson.Pretty.PlanJson);
                return ExitCodes.Ok;
            }

            terminal.Say(plan.Changes.Count == 0 ? "Nothing to change." : string.Join('\n', plan.Changes));
            terminal.Table(["REPLICA", "ACTION", "NODE", "WHY", "SCORES", "WHY NOT"], plan.Replicas.Select(replica => new[]
            {
                $"{replica.Workload}.{replica.Index}", replica.Action, replica.Node.Length > 0 ? replica.Node : "-", replica.Explanation,
                string.Join(", ", replica.Scores.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} {one.Value.ToString("0.##", CultureInfo.InvariantCulture)}")),
                string.Join("; ", replica.Reasons.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}: {one.Value}")),
            }));
            return ExitCodes.Ok;
        });
    }

    /// <summary>A file the coordinator refuses is a matter of configuration, not of how the command was typed.</summary>
    private static async Task<T> AskAsync<T>(
        Connection connection, Func<ClusterAdmin.ClusterAdminClient, Grpc.Core.CallOptions, Grpc.Core.AsyncUnaryCall<T>> question, CancellationToken cancel)
    {
        try
        {
            return await connection.AskAsync(question, cancel);
        }
        catch (CliFailure refused) when (refused.ExitCode == ExitCodes.Usage)
        {
            throw new CliFailure(ExitCodes.Configuration, refused.Message, refused);
        }
    }

    /// <summary>The name given, or the one in the file as the changes show it ("create blog.web").</summary>
    private static string StackOf(ComposeFile file, IReadOnlyCollection<string> changes) => file.Request.Name.Length > 0 ? file.Request.Name
        : changes.Select(change => change.Split(' ')).Where(parts => parts.Length == 2).Select(parts => parts[1].Split('.')[0]).FirstOrDefault() ?? "";

    private static void Warn(Terminal terminal, IEnumerable<string> warnings)
    {
        foreach (string warning in warnings)
        {
            terminal.Say($"notice: {warning}");
        }
    }

    /// <summary><c>[STACK] FILE</c>, or <c>STACK -f FILE</c>.</summary>
    private sealed class ComposeArguments
    {
        private readonly Argument<string[]> _words = new("STACK FILE")
        {
            Description = "Name of the stack (without it the file's own `name:`) and the Compose file; - reads standard input",
            Arity = new ArgumentArity(0, 2),
        };

        private readonly Option<string> _file = new("--file", "-f") { Description = "The Compose file", HelpName = "FILE" };

        public Command AddTo(Command command)
        {
            command.Add(_words);
            command.Add(_file);
            return command;
        }

        public Task<ComposeFile> ReadAsync(ParseResult parsed, CancellationToken cancel)
        {
            string[] words = parsed.GetValue(_words) ?? [];
            (string name, string file) = (words, parsed.GetValue(_file)) switch
            {
                ([string stack, string path], null) => (stack, path),
                ([string stack], { } path) => (stack, path),
                ([], { } path) => ("", path),
                ([string one], null) when one == "-" || File.Exists(one) => ("", one),
                ([string stack], null) => throw new CliFailure(ExitCodes.Usage, $"which Compose file shall be {stack}? Write: {stack} FILE"),
                _ => throw new CliFailure(ExitCodes.Usage, "write: STACK FILE"),
            };
            return ComposeFile.ReadAsync(name, file, Environment.GetEnvironmentVariable, cancel);
        }
    }
}
