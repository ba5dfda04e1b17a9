using System.CommandLine;
using System.Text.Json;
using RpiAgent.Protos;

namespace RpiAgent.Agent.Ssh;

/// <summary><c>rpi-agent ssh-keys</c>: what the daemon has systemd run as a user, to work on that user's keys. An order in, a report out, as JSON.</summary>
internal static class KeyFileCommand
{
    public const string Verb = "ssh-keys";

    public static Command Create()
    {
        Command command = new(Verb, "For the daemon only: makes the caller's authorized_keys as ordered on the standard input.") { Hidden = true };
        command.SetAction(_ => Run(Console.In, Console.Out, Console.Error));
        return command;
    }

    internal static int Run(TextReader input, TextWriter output, TextWriter words)
    {
        KeyFileOrder? order;
        try
        {
            order = JsonSerializer.Deserialize(input.ReadToEnd(), SshJson.Default.KeyFileOrder);
        }
        catch (JsonException)
        {
            order = null;
        }

        if (order is not { Base: ['/', ..], File.Length: > 0 })
        {
            words.WriteLine("the standard input holds no order; people use: rpictl ssh-key");
            return ExitCodes.Usage;
        }

        output.WriteLine(JsonSerializer.Serialize(KeyFile.Apply(order), SshJson.Default.KeyFileReport));
        return ExitCodes.Ok;
    }
}
