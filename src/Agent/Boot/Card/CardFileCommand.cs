using System.CommandLine;
using System.Diagnostics;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Boot.Card;

/// <summary>
/// <c>rpi-agent card-file</c>: what the daemon has systemd run when the boot partition is read-only: a daemon in its own view of the
/// file systems cannot make it writable. The order on the standard input: <c>tell</c>, <c>clear</c> or <c>scrub</c>, then text.
/// </summary>
internal static class CardFileCommand
{
    public const string Verb = "card-file";

    public static Command Create()
    {
        Command command = new(Verb, "For the daemon only: writes on the boot partition.") { Hidden = true };
        command.SetAction(_ => Run(AgentConfiguration.ReadOptions(AgentConfiguration.Load()), Console.In, Console.Error));
        return command;
    }

    internal static int Run(AgentOptions options, TextReader input, TextWriter words)
    {
        string order = input.ReadLine() ?? "";
        if (BootPartition.FindFolder(options) is not { } folder || order is not ("tell" or "clear" or "scrub"))
        {
            words.WriteLine("no card or no order");
            return ExitCodes.Usage;
        }

        bool isReadOnly = NodeConfig.FileOwnership.IsOnReadOnlyFileSystem(folder);
        try
        {
            if (isReadOnly)
            {
                Mount($"remount,rw {folder}");
            }

            if (order is "tell" or "clear")
            {
                CardWriter.Tell(folder, order == "tell" ? input.ReadToEnd() : null);
            }
            else
            {
                CardWriter.Scrub(folder, UsedCard.Read(input.ReadToEnd())!);
            }

            return ExitCodes.Ok;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BootFileException)
        {
            words.WriteLine(e.Message);
            return ExitCodes.Refused;
        }
        finally
        {
            if (isReadOnly)
            {
                Mount($"remount,ro {folder}");
            }
        }
    }

    private static void Mount(string how)
    {
        using Process mount = Process.Start("mount", $"-o {how}");
        mount.WaitForExit();
    }
}
