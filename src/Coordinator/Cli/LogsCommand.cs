using System.CommandLine;
using System.Text;
using Grpc.Core;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl stack logs</c>: lines of all replicas, each with where it comes from.</summary>
internal static class LogsCommand
{
    public static Command Create()
    {
        Argument<string> stack = StackCommands.Name();
        Argument<string> service = new("SERVICE") { Description = "Only of this service", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> follow = new("--follow", "-f") { Description = "Go on with what comes" };
        Option<uint> tail = new("--tail", "-n") { Description = "Only so many lines from the end; 0 = all", HelpName = "N" };
        Option<bool> timestamps = new("--timestamps", "-t") { Description = "With the time of each line" };
        return new Command("logs", "What the containers of a stack wrote.") { stack, service, follow, tail, timestamps }.Does(async (parsed, terminal, connection, cancel) =>
        {
            await connection.FindLeaderAsync(cancel);
            ReadStackLogsRequest request = new()
            {
                Stack = parsed.GetValue(stack),
                Service = parsed.GetValue(service) ?? "",
                Follow = parsed.GetValue(follow),
                Tail = parsed.GetValue(tail),
                Timestamps = parsed.GetValue(timestamps),
            };
            using AsyncServerStreamingCall<StackLogChunk> call = connection.Client.ReadStackLogs(request, cancellationToken: cancel);
            LogLines lines = new(terminal);
            try
            {
                await foreach (StackLogChunk chunk in call.ResponseStream.ReadAllAsync(cancel))
                {
                    lines.Add(chunk);
                }
            }
            catch (RpcException refused)
            {
                throw Failures.Of(refused, connection.Address, cancel);
            }
            finally
            {
                lines.Flush();
            }

            return ExitCodes.Ok;
        });
    }

    /// <summary>Puts the pieces of each source together to whole lines.</summary>
    internal sealed class LogLines(Terminal terminal)
    {
        private readonly Dictionary<(string Service, uint Index, string Node, bool Error), List<byte>> _open = [];

        public void Add(StackLogChunk chunk)
        {
            (string, uint, string, bool) source = (chunk.Service, chunk.Index, chunk.Node, chunk.Stderr);
            if (!_open.TryGetValue(source, out List<byte>? line))
            {
                _open[source] = line = [];
            }

            foreach (byte one in chunk.Data.Span)
            {
                if (one == (byte)'\n')
                {
                    Print(source, line);
                }
                else
                {
                    line.Add(one);
                }
            }
        }

        public void Flush()
        {
            foreach (((string, uint, string, bool) source, List<byte> line) in _open.Where(one => one.Value.Count > 0))
            {
                Print(source, line);
            }
        }

        private void Print((string Service, uint Index, string Node, bool Error) source, List<byte> line)
        {
            string text = Encoding.UTF8.GetString(line.ToArray()).TrimEnd('\r');
            line.Clear();
            if (terminal.Json)
            {
                terminal.Result(new LogJson(source.Service, source.Index, source.Node, source.Error, text), CliJson.Lines.LogJson);
            }
            else
            {
                terminal.Line($"{source.Service}.{source.Index}@{source.Node} | {text}");
            }
        }
    }
}
