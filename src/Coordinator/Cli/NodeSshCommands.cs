using System.CommandLine;
using System.Runtime.InteropServices;
using RpiAgent.Identity;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl node ssh|known-hosts</c>: the nodes by the host keys they reported, so that a card written anew needs no ssh-keygen -R.</summary>
internal static partial class NodeSshCommands
{
    public static Command Shell()
    {
        Argument<string> name = new("NODE") { Description = "Name, id, or the beginning of an id" };
        Argument<string[]> words = new("COMMAND") { Description = "What to run there; put -- before it if it has options", Arity = ArgumentArity.ZeroOrMore };
        Option<string> user = new("--user") { Description = "Who to log in as", HelpName = "USER", DefaultValueFactory = _ => "pi" };
        Option<string> identity = new("--identity") { Description = "File with the private key; without, those that ssh finds", HelpName = "FILE", DefaultValueFactory = _ => "" };
        Option<int> port = new("--port") { Description = "Where sshd listens", HelpName = "N", DefaultValueFactory = _ => KnownHosts.UsualPort };
        return new Command("ssh", "Log in on a node with ssh, which takes the keys the node reported and no others.") { name, words, user, identity, port }.Does(async (parsed, _, connection, cancel) =>
        {
            NodeInfo node = (await AskAsync(connection, parsed.GetValue(name)!, cancel)).Single();
            string known = KnownHosts.FileOf(node);
            if (node.Address.Length == 0 || known.Length == 0)
            {
                throw new CliFailure(ExitCodes.Unreachable, $"{node.Name} has not told its {(node.Address.Length == 0 ? "address" : "host keys")} yet; see: rpictl node status {node.Name}");
            }

            string file = Path.Join(Folder(), $"known_hosts.{node.Id}");
            AtomicFile.Write(file, known, AtomicFile.Private);
            string[] arguments = KnownHosts.Arguments(node, file, parsed.GetValue(user)!, parsed.GetValue(identity)!, parsed.GetValue(port), parsed.GetValue(words)!);
            return Execute("ssh", ["ssh", .. arguments, null]) == 0 ? ExitCodes.Ok
                : throw new CliFailure(ExitCodes.Unreachable, $"ssh cannot be run: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        });
    }

    public static Command List()
    {
        Option<string?> update = new("--update") { Description = "Put them into this known_hosts file in place of what it has of the nodes; without FILE, ~/.ssh/known_hosts", HelpName = "FILE", Arity = ArgumentArity.ZeroOrOne };
        Option<int> port = new("--port") { Description = "Where sshd listens", HelpName = "N", DefaultValueFactory = _ => KnownHosts.UsualPort };
        return new Command("known-hosts", "Print lines for a known_hosts file, for all nodes by name and address, or put them there.") { update, port }.Does(async (parsed, terminal, connection, cancel) =>
        {
            NodeInfo[] nodes = await AskAsync(connection, "", cancel);
            if (parsed.GetResult(update) is not null)
            {
                string file = parsed.GetValue(update) is { Length: > 0 } named ? named : Path.Join(Home() ?? throw new CliFailure(ExitCodes.Configuration, "HOME does not say whose known_hosts is meant; name the file: --update FILE"), ".ssh", "known_hosts");
                terminal.Say($"{file} knows {await KnownHostsFile.UpdateAsync(file, nodes, parsed.GetValue(port), cancel)} of {nodes.Length} nodes by the keys they reported.");
                return ExitCodes.Ok;
            }

            foreach (string line in nodes.SelectMany(node => KnownHosts.LinesOf(node, parsed.GetValue(port))))
            {
                terminal.Line(line);
            }

            return ExitCodes.Ok;
        });
    }

    private static async Task<NodeInfo[]> AskAsync(Connection connection, string node, CancellationToken cancel) =>
        [.. (await connection.AskAsync((client, options) => client.ListNodesAsync(new ListNodesRequest { Node = node }, options), cancel)).Nodes];

    private static string Folder()
    {
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is ['/', ..] folder ? folder
            : Home() is { } home ? Path.Join(home, ".cache")
            : throw new CliFailure(ExitCodes.Configuration, "neither HOME nor XDG_CACHE_HOME says where to note host keys");
        string own = Path.Join(cache, "rpictl");
        AtomicFile.EnsureDirectory(own, AtomicFile.PrivateDirectory);
        return own;
    }

    private static string? Home() => Environment.GetEnvironmentVariable("HOME") is ['/', ..] home ? home : null;

    /// <summary>This process becomes ssh, which has the terminal to itself.</summary>
    [LibraryImport("libc", EntryPoint = "execvp", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Execute(string program, string?[] arguments);
}
