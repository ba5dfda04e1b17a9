using System.CommandLine;
using Google.Protobuf;
using Grpc.Core;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;

namespace RpiAgent.Coordinator.Cli;

/// <summary><c>rpictl image</c>: what the nodes can run without a registry.</summary>
internal static class ImageCommands
{
    private const int ChunkBytes = 64 * 1024;

    public static Command Create() => new("image", "Images on the nodes.") { Load(), List() };

    private static Command Load()
    {
        Argument<string> file = new("FILE") { Description = "What `docker save` wrote; - reads standard input" };
        Option<string> node = new("--node") { Description = "Where to; without it the coordinator chooses", HelpName = "NODE" };
        Option<bool> everywhere = new("--everywhere") { Description = "Let every node that can run it have it" };
        return new Command("load", "Bring an image into the cluster.") { file, node, everywhere }.Does(async (parsed, terminal, connection, cancel) =>
        {
            await using Stream source = Open(parsed.GetValue(file)!);
            await connection.FindLeaderAsync(cancel);
            LoadImageRequest first = new() { Node = parsed.GetValue(node) ?? "", Everywhere = parsed.GetValue(everywhere) };
            LoadImageReply reply = await SendAsync(connection, first, source, terminal, cancel);
            if (terminal.Json)
            {
                terminal.Result([.. reply.Images.Select(image => ImageJson.Of(image, reply.Nodes))], CliJson.Pretty.ImageJsonArray);
                return ExitCodes.Ok;
            }

            foreach (ImageStatus image in reply.Images)
            {
                terminal.Say($"{(image.Tags.Count > 0 ? string.Join(", ", image.Tags) : image.Id)} ({Terminal.Size(image.SizeBytes)}, {image.Architecture}) is on {string.Join(", ", reply.Nodes)}");
            }

            return ExitCodes.Ok;
        });
    }

    private static Command List() => new Command("ls", "List the images and the nodes that have them.").Does(async (_, terminal, connection, cancel) =>
    {
        ListImagesReply reply = await connection.AskAsync((client, options) => client.ListImagesAsync(new ListImagesRequest(), options), cancel);
        if (terminal.Json)
        {
            terminal.Result([.. reply.Images.Select(one => ImageJson.Of(one.Image, one.Nodes))], CliJson.Pretty.ImageJsonArray);
            return ExitCodes.Ok;
        }

        terminal.Table(["IMAGE", "ID", "SIZE", "PLATFORM", "NODES"], reply.Images.Select(one => new[]
        {
            one.Image.Tags.Count > 0 ? string.Join(", ", one.Image.Tags) : "<none>", Short(one.Image.Id), Terminal.Size(one.Image.SizeBytes), one.Image.Architecture, string.Join(", ", one.Nodes),
        }));
        return ExitCodes.Ok;
    });

    private static async Task<LoadImageReply> SendAsync(Connection connection, LoadImageRequest first, Stream source, Terminal terminal, CancellationToken cancel)
    {
        using AsyncClientStreamingCall<LoadImageRequest, LoadImageReply> call = connection.Client.LoadImage(cancellationToken: cancel);
        try
        {
            try
            {
                await call.RequestStream.WriteAsync(first, cancel);
                byte[] buffer = new byte[ChunkBytes];
                ulong sent = 0;
                int read;
                while ((read = await source.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel)) > 0)
                {
                    await call.RequestStream.WriteAsync(new LoadImageRequest { Data = ByteString.CopyFrom(buffer, 0, read) }, cancel);
                    sent += (ulong)read;
                    terminal.Progress($"sent {Terminal.Size(sent)}{(source.CanSeek ? $" of {Terminal.Size((ulong)source.Length)}" : "")}");
                }

                await call.RequestStream.CompleteAsync();
                terminal.Progress(first.Everywhere ? "the nodes fetch it" : "the node unpacks it");
            }
            catch (Exception cut) when (cut is RpcException or InvalidOperationException)
            {
                // The coordinator said no before the end; its answer says why.
            }

            return await call.ResponseAsync;
        }
        catch (RpcException refused)
        {
            throw Failures.Of(refused, connection.Address, cancel);
        }
    }

    private static Stream Open(string file)
    {
        try
        {
            return file == "-" ? Console.OpenStandardInput() : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, ChunkBytes, useAsync: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure(ExitCodes.Usage, $"{file} cannot be read: {problem.Message}", problem);
        }
    }

    private static string Short(string id) => id.StartsWith("sha256:", StringComparison.Ordinal) && id.Length > 19 ? id[7..19] : id;
}
