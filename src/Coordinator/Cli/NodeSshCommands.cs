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
        Option<int> port = new("--port") { Description = "Where sshd listens", HelpName = "N", DefaultValueFactory = _ => 22 };
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

    public static Command List() => new Command("known-hosts", "Print lines for a known_hosts file, for all nodes by name and address.").Does(async (_, terminal, connection, cancel) =>
    {
        foreach (string line in (await AskAsync(connection, "", cancel)).SelectMany(KnownHosts.LinesOf))
        {
            terminal.Line(line);
        }

        return ExitCodes.Ok;
    });

    private static async Task<NodeInfo[]> AskAsync(Connection connection, string node, CancellationToken cancel) =>
        [.. (await connection.AskAsync((client, options) => client.ListNodesAsync(new ListNodesRequest { Node = node }, options), cancel)).Nodes];

    private static string Folder()
    {
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is ['/', ..] folder ? folder
            : Environment.GetEnvironmentVariable("HOME") is ['/', ..] home ? Path.Join(home, ".cache")
            : throw new CliFailure(ExitCodes.Configuration, "neither HOME nor XDG_CACHE_HOME says where to note host keys");
        string own = Path.Join(cache, "rpictl");
        AtomicFile.EnsureDirectory(own, AtomicFile.PrivateDirectory);
        return own;
    }

    /// <summary>This process becomes ssh, which has the terminal to itself.</summary>
    [LibraryImport("libc", EntryPoint = "execvp", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Execute(string program, string?[] arguments);
}
